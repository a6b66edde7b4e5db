// How busy the process was: its own CPU time in percent of one core. More than 100 means that other threads (garbage
// collection, compilation) were at work too. Also the metric process.cpu.time, which the OpenTelemetry SDK does not make.
import { metrics, ValueType } from "@opentelemetry/api";

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
    const time = metrics.getMeter("cpu").createObservableCounter("process.cpu.time", {
      unit: "s",
      description: "Processor time that the process has used",
      valueType: ValueType.DOUBLE,
    });
    time.addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe(user / 1e6, { "cpu.mode": "user" });
      result.observe(system / 1e6, { "cpu.mode": "system" });
    });
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
