// Where log lines go: standard output, written at once and never waited for. While it takes nothing (a full disk, a reader
// that stands still or has gone) lines wait in a bounded buffer; what does not fit is lost and counted. No request waits for it.
import { AsyncLocalStorage } from "node:async_hooks";
import { constants, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

interface LogOutputOptions {
  /** Writes bytes without waiting: returns how many were taken, throws when none were. Default: standard output. */
  write?: (data: string | Uint8Array) => number;
  /** Most bytes that wait. */
  capacity?: number;
}

/** About what one write takes: while lines wait, the next try comes after this many new bytes, or by the timer. */
const tryEveryBytes = 65_536;
const firstRetryMs = 10;
const longestRetryMs = 500;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** A destination for pino. */
export class LogOutput {
  readonly #write: (data: string | Uint8Array) => number;
  readonly #capacity: number;
  /** What waits is `#buffer` from `#start` to `#end`. There is a buffer only while something waits. */
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

  /** Lines lost since the start. */
  get lost(): number {
    return this.#lostBefore + this.#lost;
  }

  /** Calls `report` with the number of lines that were lost, each time that writing works again. */
  whenLost(report: (lines: number) => void): void {
    // In no request's context: neither that of the lost line nor that of the line that gets through again.
    this.#report = AsyncLocalStorage.bind(report);
  }

  /** Takes a line with its line feed. Never blocks, never throws. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#buffer !== undefined) {
      this.#bytesSinceTry += bytes;
      if (this.#bytesSinceTry >= tryEveryBytes) this.#drain();
    }
    if (this.#buffer !== undefined) {
      this.#keep(line, bytes);
      return;
    }
    const taken = this.#taken(line);
    if (taken === bytes) return;
    // The rest of a line that was begun always has room: half of one would spoil the next one too.
    const rest = Buffer.from(line).subarray(taken);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#capacity, rest.length));
    this.#start = 0;
    this.#end = rest.copy(this.#buffer);
    this.#bytesSinceTry = 0;
    this.#retryMs = firstRetryMs;
    this.#retryLater();
  }

  /** Writes what waits, for the end of the process: blocks until it is written, for `limitMs` at most. */
  finish(limitMs: number): void {
    const endsAt = performance.now() + limitMs;
    while (!this.#drain() && performance.now() < endsAt) Atomics.wait(pause, 0, 0, 1);
  }

  #keep(line: string, bytes: number): void {
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

  /** True when nothing waits any more. */
  #drain(): boolean {
    this.#bytesSinceTry = 0;
    while (this.#buffer !== undefined) {
      const taken = this.#taken(this.#buffer.subarray(this.#start, this.#end));
      if (taken === 0) return false;
      this.#retryMs = firstRetryMs;
      this.#start += taken;
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

  #taken(data: string | Uint8Array): number {
    try {
      return this.#write(data);
    } catch {
      // EAGAIN, ENOSPC, EPIPE, EIO: any of them may pass, and there is nobody to tell.
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

/** Writes to standard output so that a full pipe or a stopped terminal is an error (EAGAIN) instead of a wait. */
function standardOutput(): (data: string | Uint8Array) => number {
  const fd = isatty(1) ? terminal() : 1;
  // Node opens pipes and sockets non-blocking as soon as they are asked for; what libraries print must not end the service either.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  return (data) => (typeof data === "string" ? writeSync(fd, data) : writeSync(fd, data));
}

/** Opened once more: Node's own is blocking, and so may be what others share. */
function terminal(): number {
  try {
    return openSync("/dev/fd/1", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}
