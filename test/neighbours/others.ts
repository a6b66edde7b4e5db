// The callers who do nothing wrong: what they ask for, and what they get.
import { type Caller, caller, createAutomation, marketplace } from "./callers.ts";

/** One request: what became of it within the patience of its caller. */
export interface Outcome {
  what: string;
  good: boolean;
  /** The status, with the type of a problem; `no answer` when the caller gave up or the connection failed. */
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

/** Callers on the service at `url`, each with an automation of its own that calls `webhook`. */
export async function others(url: string, webhook: string) {
  const all: { one: Caller; own: string }[] = [];
  for (let number = 1; number <= callers; number += 1) {
    const one = await caller(number);
    all.push({ one, own: await createAutomation(url, one, webhook) });
  }

  function requestOf(count: number, own: string): Request {
    const body = JSON.stringify({ name: "another", category: "data", webhookUrl: webhook });
    const kinds: Request[] = [
      { method: "GET", path: marketplace },
      { method: "GET", path: "/api/optimized/automations/marketplace" },
      { method: "GET", path: own },
      { method: "POST", path: "/api/automations", body },
      { method: "POST", path: `${own}/runs` },
      { method: "GET", path: "/health/live" },
    ];
    return kinds[count % kinds.length] ?? { method: "GET", path: own };
  }

  return {
    /** What they got in so many seconds. Requests leave at their time, whatever became of those before. */
    async ask(seconds: number): Promise<Outcome[]> {
      const beganAt = performance.now();
      const outcomes: Promise<Outcome>[] = [];
      while (outcomes.length < seconds * perSecond) {
        const dueAt = beganAt + (outcomes.length * 1000) / perSecond;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
        const { one, own } = all[outcomes.length % callers] ?? all[0] ?? { one: { headers: {} }, own: "" };
        outcomes.push(send(url, one, requestOf(outcomes.length, own), dueAt));
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
