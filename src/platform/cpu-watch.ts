// How busy the process was: its own CPU time in percent of one core. More than 100 means that other threads (garbage
// collection, compilation) were at work too.

interface CpuReading {
  /** User and system time of the process so far, in microseconds. */
  usedUs: number;
  /** Milliseconds on a clock that only goes forward. */
  atMs: number;
}

export class CpuWatch {
  readonly #read: () => CpuReading;
  #last: CpuReading;
  #percent = 0;

  constructor(read: () => CpuReading = readCpu) {
    this.#read = read;
    this.#last = read();
  }

  /** Between the last two samples. */
  get percent(): number {
    return this.#percent;
  }

  sample(): void {
    const reading = this.#read();
    const wallMs = reading.atMs - this.#last.atMs;
    if (wallMs > 0) this.#percent = (100 * (reading.usedUs - this.#last.usedUs)) / (wallMs * 1000);
    this.#last = reading;
  }
}

function readCpu(): CpuReading {
  const { user, system } = process.cpuUsage();
  return { usedUs: user + system, atMs: performance.now() };
}
