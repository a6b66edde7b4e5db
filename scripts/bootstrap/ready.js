// A part is ready when it says so over HTTP; a running process proves nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "./failure.js";

/**
 * @param {string} url requested until it returns a 2xx
 * @param {{ signal: AbortSignal, limitMs: number }} options
 */
export async function untilOk(url, { signal, limitMs }) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    signal.throwIfAborted();
    if (response?.ok) return;
    if (Date.now() > deadline) {
      throw new Failure(`${url} is not ready after ${limitMs / 1000} s (${response?.status ?? "no response"}).`);
    }
    await sleep(100, undefined, { signal });
  }
}
