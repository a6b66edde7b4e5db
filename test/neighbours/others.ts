// The well-behaved callers: sends their requests and records the outcomes.
import { paths } from "../support/fixture/routes.ts";
import { type Caller, caller, createItem } from "./callers.ts";

/** The outcome of one request, within its caller's patience. */
export interface Outcome {
  what: string;
  good: boolean;
  /** The status, with the type of a problem; `no answer` when the caller timed out or the connection failed. */
  got: string;
  ms: number;
}

const callers = 20;
const perSecond = 25;
const patienceMs = 1000;

interface Request {
  method: string;
  path: string;
  body?: string;
}

/** Creates callers of the service at `url`, each with its own item that calls `target`. */
export async function others(url: string, target: string) {
  const all: { sender: Caller; item: string }[] = [];
  for (let number = 1; number <= callers; number += 1) {
    const sender = await caller(number);
    all.push({ sender, item: await createItem(url, sender, target) });
  }

  function requestOf(count: number, item: string): Request {
    const body = JSON.stringify({ name: "another", url: target });
    const kinds: Request[] = [
      { method: "GET", path: paths.items },
      { method: "GET", path: paths.cached },
      { method: "GET", path: item },
      { method: "POST", path: paths.items, body },
      { method: "POST", path: `${item}/calls` },
      { method: "GET", path: "/health/live" },
    ];
    return kinds[count % kinds.length] ?? { method: "GET", path: item };
  }

  return {
    /** Sends requests for `seconds` at a fixed rate, however earlier ones turn out. Returns the outcomes. */
    async ask(seconds: number): Promise<Outcome[]> {
      const beganAt = performance.now();
      const outcomes: Promise<Outcome>[] = [];
      while (outcomes.length < seconds * perSecond) {
        const dueAt = beganAt + (outcomes.length * 1000) / perSecond;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
        const { sender, item } = all[outcomes.length % callers] ??
          all[0] ?? {
            sender: { headers: {} },
            item: "",
          };
        outcomes.push(send(url, sender, requestOf(outcomes.length, item), dueAt));
      }
      return Promise.all(outcomes);
    },
  };
}

async function send(
  url: string,
  { headers }: Caller,
  { method, path, body }: Request,
  dueAt: number,
): Promise<Outcome> {
  const what = `${method} ${path.replace(/\d+/, "{id}")}`;
  const ended = (good: boolean, got: string) => ({ what, good, got, ms: performance.now() - dueAt });
  try {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(patienceMs),
    });
    const text = await response.text();
    const type = response.ok ? "" : ` ${/"type":"(\w+)"/.exec(text)?.[1] ?? ""}`;
    return ended(response.ok, `${response.status}${type}`);
  } catch {
    return ended(false, "no answer");
  }
}
