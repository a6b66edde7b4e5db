// A light stream of requests (TRAFFIC_RATE a second), so that the dashboards show something from the start.
// Open loop: a slow service does not slow it down, up to a limit of requests in flight. TRAFFIC=off turns it off.
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, readConfig } from "./traffic/config.ts";
import { emptyMemory, learn } from "./traffic/memory.ts";
import { plan } from "./traffic/mix.ts";
import { deletion, type Planned } from "./traffic/planned.ts";
import { send } from "./traffic/send.ts";
import { count, summary, type Tally } from "./traffic/tally.ts";

/** Pauses at this many requests in flight, so as not to make a struggling service worse. */
const maxInFlight = 50;
const requestTimeoutMs = 10_000;
const reportEveryMs = 60_000;
/** On stop: time for requests in flight, then for the clean-up. Together under 2 s. */
const finishMs = 500;
const cleanUpMs = 800;

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => stop.abort());

function say(text: string): void {
  console.log(`traffic: ${text}`);
}

/** Resolves when the service is ready, or on stop. Logs once a minute while it waits. */
async function ready(config: Config): Promise<void> {
  for (let tries = 0; !stop.signal.aborted; tries += 1) {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(5_000)]);
    const response = await fetch(`${config.target}/health/ready`, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    // with ADMIN_PORT its health is on another port
    if (response?.ok || response?.status === 404) return;
    if (tries % 60 === 0) say(`waiting for ${config.target} to be ready`);
    await pause(1_000);
  }
}

async function pause(ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined);
}

async function run(config: Config): Promise<void> {
  await ready(config);
  if (stop.signal.aborted) return;
  say(`${config.rate} requests a second to ${config.target}`);

  const memory = emptyMemory();
  const tally: Tally = new Map();
  const inFlight = new Set<Promise<void>>();
  const giveUp = new AbortController();

  async function sendPlanned(planned: Planned): Promise<void> {
    try {
      const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(requestTimeoutMs)]);
      const answer = await send(config, planned, signal);
      count(tally, String(answer.status));
      learn(memory, planned, answer);
    } catch {
      count(tally, "no response");
    }
  }

  function next(): void {
    if (inFlight.size >= maxInFlight) {
      count(tally, "held back");
      return;
    }
    const request = sendPlanned(plan({ random: Math.random, memory, webhooks: config.webhooks }));
    inFlight.add(request);
    request.finally(() => inFlight.delete(request));
  }

  const sending = setInterval(next, 1_000 / config.rate);
  const reporting = setInterval(() => say(`in the last minute ${summary(tally)}`), reportEveryMs);
  await new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
  clearInterval(sending);
  clearInterval(reporting);

  // Automations that are being created must be known before they can be removed.
  await Promise.race([Promise.all(inFlight), sleep(finishMs)]);
  giveUp.abort();
  const removing = AbortSignal.timeout(cleanUpMs);
  const removed = await Promise.allSettled([...memory.created].map((id) => send(config, deletion(id), removing)));
  const left = removed.filter((result) => result.status === "rejected" || result.value.status >= 400).length;
  say(`stopped after ${summary(tally)}; ${left > 0 ? `${left} automations are left behind` : "all cleaned up"}`);
}

try {
  const config = readConfig(process.env);
  if (config.enabled) await run(config);
  else say("off (TRAFFIC=off)");
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
