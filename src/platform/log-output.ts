// Writes log lines to standard output without ever blocking a request. While standard output accepts nothing (a full disk, a
// reader that is stuck or gone), lines wait in a bounded buffer; those that don't fit are dropped and counted.
import { AsyncLocalStorage } from "node:async_hooks";
import { constants, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

interface LogOutputOptions {
  /** A non-blocking write: returns how many bytes it accepted, throws when none. Default: standard output. */
  write?: (data: string | Uint8Array) => number;
  /** Maximum size of the buffer, in bytes. */
  capacity?: number;
}

/** About what one write accepts. While lines wait, the next try comes after this many new bytes, or by the timer. */
const tryEveryBytes = 65_536;
const firstRetryMs = 10;
const longestRetryMs = 500;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** A pino destination. */
export class LogOutput {
  readonly #write: (data: string | Uint8Array) => number;
  readonly #capacity: number;
  /** Waiting data is in `#buffer` from `#start` to `#end`. The buffer exists only while something waits. */
  #buffer: Buffer | undefined;
  #start = 0;
  #end = 0;
  #bytesSinceTry = 0;
  #retryMs = firstRetryMs;
  #retrying = false;
  #lost = 0;
  #lostBefore = 0;
  #report: (lines: number) => void = () => {};

  constructor({ write = standardOutput(), capacity = 4 * 2 ** 20 }: LogOutputOptions = {}) {
    this.#write = write;
    this.#capacity = capacity;
  }

  /** Number of lines dropped since startup. */
  get lost(): number {
    return this.#lostBefore + this.#lost;
  }

  /** Calls `report` with the number of dropped lines each time writing works again. */
  onLost(report: (lines: number) => void): void {
    // Bound here to keep it out of any request's context: the report belongs to none.
    this.#report = AsyncLocalStorage.bind(report);
  }

  /** Writes a line, which must end with a line feed. Never blocks, never throws. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#buffer !== undefined) {
      this.#bytesSinceTry += bytes;
      if (this.#bytesSinceTry >= tryEveryBytes) this.#drain();
    }
    if (this.#buffer !== undefined) {
      this.#enqueue(line, bytes);
      return;
    }
    const written = this.#tryWrite(line);
    if (written === bytes) return;
    // The rest of a partly written line always fits: half a line would corrupt the next one too.
    const rest = Buffer.from(line).subarray(written);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#capacity, rest.length));
    this.#start = 0;
    this.#end = rest.copy(this.#buffer);
    this.#bytesSinceTry = 0;
    this.#retryMs = firstRetryMs;
    this.#retryLater();
  }

  /** Flushes the buffer before the process exits. Blocks for up to `limitMs`. */
  finish(limitMs: number): void {
    const endsAt = performance.now() + limitMs;
    while (!this.#drain() && performance.now() < endsAt) Atomics.wait(pause, 0, 0, 1);
  }

  #enqueue(line: string, bytes: number): void {
    const buffer = this.#buffer;
    if (buffer === undefined || bytes > buffer.length - (this.#end - this.#start)) {
      this.#lost += 1;
      return;
    }
    if (bytes > buffer.length - this.#end) {
      buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#end += buffer.write(line, this.#end);
  }

  /** Writes as much of the buffer as possible. Returns true when it is empty. */
  #drain(): boolean {
    this.#bytesSinceTry = 0;
    while (this.#buffer !== undefined) {
      const written = this.#tryWrite(this.#buffer.subarray(this.#start, this.#end));
      if (written === 0) return false;
      this.#retryMs = firstRetryMs;
      this.#start += written;
      if (this.#start === this.#end) this.#buffer = undefined;
    }
    if (this.#lost > 0) {
      const lines = this.#lost;
      this.#lostBefore += lines;
      this.#lost = 0;
      this.#report(lines);
    }
    return true;
  }

  /** Returns the number of bytes written. */
  #tryWrite(data: string | Uint8Array): number {
    try {
      return this.#write(data);
    } catch {
      // EAGAIN, ENOSPC, EPIPE, EIO: any of them may be transient, and there is nowhere to report it.
      return 0;
    }
  }

  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    setTimeout(() => {
      this.#retrying = false;
      this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
      if (!this.#drain()) this.#retryLater();
    }, this.#retryMs).unref();
  }
}

/** Writes to standard output; a full pipe or a stopped terminal causes an error (EAGAIN) instead of blocking. */
function standardOutput(): (data: string | Uint8Array) => number {
  const fd = isatty(1) ? terminal() : 1;
  // Accessing these streams makes Node set pipes and sockets to non-blocking. The handlers also keep a library's failed print from
  // crashing the service.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  return (data) => (typeof data === "string" ? writeSync(fd, data) : writeSync(fd, data));
}

/** Reopens the terminal: Node's own descriptor is blocking, and other processes may share it. */
function terminal(): number {
  try {
    return openSync("/dev/fd/1", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}
