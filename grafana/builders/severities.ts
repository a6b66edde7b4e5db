// Green, yellow and red mean one thing everywhere: how bad it is. Nothing else has these colours.
export const severities = { ok: "green", warning: "yellow", problem: "red" } as const;
