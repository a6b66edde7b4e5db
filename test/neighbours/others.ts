// The well-behaved callers: sends their requests and records the outcomes.
import { type Caller, caller, createAutomation, marketplace } from "./callers.ts";

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

/** Creates callers of the service at `url`, each with its own automation that calls `webhook`. */
export async function others(url: string, webhook: string) {
  const all: { sender: Caller; automation: string }[] = [];
  for (let number = 1; number <= callers; number += 1) {
    const sender = await caller(number);
    all.push({ sender, automation: await createAutomation(url, sender, webhook) });
  }

  function requestOf(count: number, automation: string): Request {
    const body = JSON.stringify({ name: "another", category: "data", url: webhook });
    const kinds: Request[] = [
      { method: "GET", path: marketplace },
      { method: "GET", path: "/api/fixture/cached" },
      { method: "GET", path: automation },
      { method: "POST", path: "/api/fixture/items", body },
      { method: "POST", path: `${automation}/runs` },
      { method: "GET", path: "/health/live" },
    ];
    return kinds[count % kinds.length] ?? { method: "GET", path: automation };
  }

  return {
    /** Sends requests for `seconds` at a fixed rate, however earlier ones turn out. Returns the outcomes. */
    async ask(seconds: number): Promise<Outcome[]> {
      const beganAt = performance.now();
      const outcomes: Promise<Outcome>[] = [];
      while (outcomes.length < seconds * perSecond) {
        const dueAt = beganAt + (outcomes.length * 1000) / perSecond;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
        const { sender, automation } = all[outcomes.length % callers] ??
          all[0] ?? {
            sender: { headers: {} },
            automation: "",
          };
        outcomes.push(send(url, sender, requestOf(outcomes.length, automation), dueAt));
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
