// Keeps the started parts: reports the first that dies, and stops all in reverse order.
import { Failure } from "./failure.js";

/** @typedef {Pick<import("./child.js").Child, "exited" | "lastOutput" | "stop" | "kill">} Part */

/** @param {(name: string) => void} [onStopped] called after each part has ended */
export function createSupervisor(onStopped) {
  /** @type {{ name: string, part: Part }[]} */
  const parts = [];
  const death = new AbortController();
  let stopping = false;

  return {
    /** Aborts when a part ends unexpectedly; the reason is a {@link Failure} with its last output. */
    died: death.signal,
    /** @param {string} name @param {Part} part */
    add(name, part) {
      parts.push({ name, part });
      part.exited.then((how) => {
        if (stopping) return;
        death.abort(new Failure(`The ${name} ended (${how}). Its last output:\n${indent(part.lastOutput())}`));
      });
    },
    /** Stops all parts in reverse order. Calling it again is harmless. */
    async stop() {
      stopping = true;
      for (let last = parts.at(-1); last !== undefined; last = parts.at(-1)) {
        await last.part.stop();
        if (parts.at(-1) === last) parts.pop();
        onStopped?.(last.name);
      }
    },
    /** Kills all parts at once. */
    kill() {
      stopping = true;
      for (const { part } of parts) part.kill();
    },
  };
}

/** @param {string} text */
function indent(text) {
  return text === "" ? "  (none)" : text.replaceAll(/^/gm, "  ");
}
