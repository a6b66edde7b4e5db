// The traffic generator's settings, from the environment. Each wrong value stops it with a line that says what is taken.

export type Config = {
  readonly enabled: boolean;
  /** Requests a second. */
  readonly rate: number;
  /** Where the service is, without a slash at the end. */
  readonly target: string;
  /** The API key for the protected routes. */
  readonly apiKey: string;
  /** Where the webhook receiver is, as the service reaches it, without a slash at the end. */
  readonly webhooks: string;
};

/** Gentle by design: it keeps the dashboards alive. For load there are load generators. */
const maxRate = 100;

/** Reads `env`. Throws an Error whose message names the variable, what it got and what it takes. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return {
    enabled: readSwitch("TRAFFIC", env.TRAFFIC ?? "on"),
    rate: readRate("TRAFFIC_RATE", env.TRAFFIC_RATE ?? "5"),
    target: readUrl("TARGET_URL", env.TARGET_URL ?? "http://127.0.0.1:8000"),
    apiKey: readKey("API_KEY", env.API_KEY ?? "development-key"),
    webhooks: readUrl("WEBHOOK_URL", env.WEBHOOK_URL ?? "http://127.0.0.1:9000/hooks"),
  };
}

function readSwitch(name: string, value: string): boolean {
  if (value !== "on" && value !== "off") throw new Error(`${name} is "${value}": it takes on or off`);
  return value === "on";
}

function readRate(name: string, value: string): number {
  const rate = value.trim() === "" ? Number.NaN : Number(value);
  if (!(rate > 0 && rate <= maxRate)) {
    throw new Error(`${name} is "${value}": it takes requests a second, more than 0 and at most ${maxRate}`);
  }
  return rate;
}

function readUrl(name: string, value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new Error(`${name} is "${value}": it takes an address like http://127.0.0.1:8000`);
  }
  return value.replace(/\/+$/, "");
}

function readKey(name: string, value: string): string {
  // Never printed: it may be a real one.
  if (!/^[\x21-\x7e]+$/.test(value)) throw new Error(`${name} takes a key of printable characters without spaces`);
  return value;
}
