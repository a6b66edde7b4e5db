// The command line. Each wrong value is named with what it takes.
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import type { Endpoint } from "../load/load-figures.ts";
import { BadUse } from "./bad-use.ts";

export interface Arguments {
  url: URL;
  /** Where its /health and /metrics are. */
  adminUrl: URL;
  /** Of all endpoints together; undefined: find the capacity first. */
  perSecond: number | undefined;
  seconds: number;
  timeoutMs: number;
  maxInFlight: number;
  headers: Record<string, string>;
  /** Empty: find them. */
  endpoints: Endpoint[];
  json: boolean;
  html: string | undefined;
  allowRemote: boolean;
}

const options = {
  url: { type: "string", default: "http://127.0.0.1:8000" },
  "admin-url": { type: "string" },
  rate: { type: "string" },
  duration: { type: "string", default: "30s" },
  timeout: { type: "string", default: "5s" },
  "max-in-flight": { type: "string", default: "1000" },
  token: { type: "string" },
  "api-key": { type: "string" },
  endpoint: { type: "string", multiple: true, default: [] as string[] },
  json: { type: "boolean", default: false },
  html: { type: "string" },
  "allow-remote": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** "help" when that is asked for. Throws {@link BadUse}. */
export function readArguments(args: readonly string[]): Arguments | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  return {
    url: readUrl("--url", values.url),
    adminUrl:
      values["admin-url"] === undefined ? readUrl("--url", values.url) : readUrl("--admin-url", values["admin-url"]),
    perSecond:
      values.rate === undefined ? undefined : readNumber("--rate", values.rate, 0.1, 10_000, "requests a second"),
    seconds: readSeconds("--duration", values.duration, 1, 3600),
    timeoutMs: 1000 * readSeconds("--timeout", values.timeout, 0.05, 60),
    maxInFlight: Math.round(readNumber("--max-in-flight", values["max-in-flight"], 1, 10_000, "a number of requests")),
    headers: {
      "user-agent": "timeouts",
      ...(values.token !== undefined && { authorization: `Bearer ${readSecret("--token", values.token)}` }),
      ...(values["api-key"] !== undefined && { "x-api-key": readSecret("--api-key", values["api-key"]) }),
    },
    endpoints: values.endpoint.map(readEndpoint),
    json: values.json,
    html: values.html === undefined ? undefined : readFile(values.html),
    allowRemote: values["allow-remote"],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options });
  } catch (error) {
    // Node explains at length how to pass such a value after all; its first sentence says what is wrong.
    throw new BadUse(
      `${error instanceof Error ? error.message.split(/[.\n]/, 1)[0] : error} (--help says what there is)`,
    );
  }
}

function readUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new BadUse(`${name}: got ${JSON.stringify(value)}, takes an address like http://127.0.0.1:8000`);
  }
  if (url.username !== "" || url.password !== "")
    throw new BadUse(`${name}: takes no credentials: use --token or --api-key`);
  return url;
}

function readNumber(name: string, value: string, least: number, most: number, what: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new BadUse(`${name}: got ${JSON.stringify(value)}, takes ${what} from ${least} to ${most}`);
  }
  return number;
}

function readSeconds(name: string, value: string, least: number, most: number): number {
  const [, number = "", unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value) ?? [];
  const seconds =
    (number === "" ? Number.NaN : Number(number)) *
    { ms: 0.001, s: 1, m: 60 }[unit === "ms" || unit === "m" ? unit : "s"];
  if (!(seconds >= least && seconds <= most)) {
    throw new BadUse(
      `${name}: got ${JSON.stringify(value)}, takes a time like 30s, 2m or 500ms, from ${least} to ${most} s`,
    );
  }
  return seconds;
}

function readSecret(name: string, value: string): string {
  // Never printed: it may be a real one.
  if (!/^[\x21-\x7e]+$/.test(value)) throw new BadUse(`${name}: takes printable characters without spaces`);
  return value;
}

function readEndpoint(value: string): Endpoint {
  const [, method = "", path = ""] = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/[\x21-\x7e]*)$/.exec(value) ?? [];
  if (method === "") throw new BadUse(`--endpoint: got ${JSON.stringify(value)}, takes one like 'GET /path'`);
  return { name: value, method, path };
}

/** Now, and not after a minute of load, it is found out whether it can be written. */
function readFile(file: string): string {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new BadUse(`--html: cannot write to the folder ${JSON.stringify(dirname(file))}`);
  }
  if (file === "" || statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new BadUse("--html: takes the name of a file");
  return file;
}
