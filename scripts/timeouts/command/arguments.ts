// The command line. An error names the wrong option and what it takes.
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import type { Endpoint } from "../load/load-figures.ts";
import { UsageError } from "./usage-error.ts";

export interface Arguments {
  url: URL;
  /** Serves /health and /metrics. */
  adminUrl: URL;
  /** All endpoints together. Undefined: find the capacity first. */
  perSecond: number | undefined;
  seconds: number;
  timeoutMs: number;
  maxInFlight: number;
  headers: Record<string, string>;
  /** Empty: discover them. */
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

/** Returns "help" for --help. Throws {@link UsageError}. */
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
    // Node goes on to explain how to pass such a value; its first sentence says what is wrong.
    throw new UsageError(`${error instanceof Error ? error.message.split(/[.\n]/, 1)[0] : error} (see --help)`);
  }
}

function readUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${name}: got ${JSON.stringify(value)}, takes an address like http://127.0.0.1:8000`);
  }
  if (url.username !== "" || url.password !== "")
    throw new UsageError(`${name}: takes no credentials: use --token or --api-key`);
  return url;
}

function readNumber(name: string, value: string, min: number, max: number, what: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) {
    throw new UsageError(`${name}: got ${JSON.stringify(value)}, takes ${what} from ${min} to ${max}`);
  }
  return number;
}

function readSeconds(name: string, value: string, min: number, max: number): number {
  const [, number = "", unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value) ?? [];
  const seconds =
    (number === "" ? Number.NaN : Number(number)) *
    { ms: 0.001, s: 1, m: 60 }[unit === "ms" || unit === "m" ? unit : "s"];
  if (!(seconds >= min && seconds <= max)) {
    throw new UsageError(
      `${name}: got ${JSON.stringify(value)}, takes a time like 30s, 2m or 500ms, from ${min} to ${max} s`,
    );
  }
  return seconds;
}

function readSecret(name: string, value: string): string {
  // Never printed: it may be a real one.
  if (!/^[\x21-\x7e]+$/.test(value)) throw new UsageError(`${name}: takes printable characters without spaces`);
  return value;
}

function readEndpoint(value: string): Endpoint {
  const [, method = "", path = ""] = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/[\x21-\x7e]*)$/.exec(value) ?? [];
  if (method === "")
    throw new UsageError(`--endpoint: got ${JSON.stringify(value)}, takes a method and a path, like 'GET /path'`);
  return { name: value, method, path };
}

/** Checks that the file can be written now, rather than after a minute of load. */
function readFile(file: string): string {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`--html: cannot write to the folder ${JSON.stringify(dirname(file))}`);
  }
  if (file === "" || statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError("--html: takes the name of a file");
  return file;
}
