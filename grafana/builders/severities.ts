// Green, yellow and red always mean how bad something is, and nothing else uses these colours.
export const severities = { ok: "green", warning: "yellow", problem: "red" } as const;
