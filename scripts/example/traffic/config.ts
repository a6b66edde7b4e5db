// The traffic generator's settings, from the environment. An invalid value stops it with a message that says what it takes.

export type Config = {
  readonly enabled: boolean;
  /** Requests a second. */
  readonly rate: number;
  /** Address of the service, without a trailing slash. */
  readonly target: string;
  /** The API key for the protected routes. */
  readonly apiKey: string;
  /** Address of the webhook receiver as the service reaches it, without a trailing slash. */
  readonly webhooks: string;
};

/** Low by design: use a load generator for load (npm run timeouts). */
const maxRate = 100;

/** Throws an Error that names the variable, its value and what it takes. */
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
