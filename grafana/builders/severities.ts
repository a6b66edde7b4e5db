// Green, yellow and red always mean how bad something is. Errors are shades of red on every panel.
export const severities = { ok: "green", warning: "yellow", problem: "red" } as const;
/** For what has no value, which is neither good nor bad. */
export const noSeverity = "text";
