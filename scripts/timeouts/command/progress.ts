// Progress on stderr: one line that is rewritten on a terminal, otherwise a line every 5 s.
import type { Progress } from "../load/load-figures.ts";

const quietMs = 5000;

export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;
  #saidAt = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#live = out.isTTY === true;
  }

  /** Shows the progress of the load named `what`. */
  show(what: string, { seconds, sent, good, refused, timedOut, errors, inFlight }: Progress): void {
    const bad = [`${refused} refused`, `${timedOut} timed out`, `${errors} errors`].filter(
      (text) => !text.startsWith("0 "),
    );
    const counts = [`${sent} answered`, `${good} good`, ...bad, `${inFlight} in flight`].join(", ");
    const line = `${what}, ${seconds.toFixed(0)} s: ${counts}`;
    if (this.#live) {
      this.#out.write(`\r\x1b[K${line.slice(0, (this.#out.columns || 120) - 1)}`);
      this.#open = true;
    } else if (performance.now() - this.#saidAt >= quietMs) {
      this.#saidAt = performance.now();
      this.#out.write(`${line}\n`);
    }
  }

  /** Prints a line that stays. */
  say(text: string): void {
    this.#out.write(this.#open ? `\r\x1b[K${text}\n` : `${text}\n`);
    this.#open = false;
  }

  /** Erases the live line. */
  clear(): void {
    if (this.#open) this.#out.write("\r\x1b[K");
    this.#open = false;
  }
}
