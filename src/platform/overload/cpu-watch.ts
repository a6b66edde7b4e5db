// Measures how busy the process is: its CPU time in percent of one core. Above 100, other threads (garbage collection,
// compilation) were busy too. Also exports the metric process.cpu.time, which the OpenTelemetry SDK does not provide.
import { metrics, ValueType } from "@opentelemetry/api";

interface CpuReading {
  /** User and system time of the process so far, in microseconds. */
  usedUs: number;
  /** Milliseconds on a monotonic clock. */
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
      description: "CPU time used by the process",
      valueType: ValueType.DOUBLE,
    });
    time.addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe(user / 1e6, { "cpu.mode": "user" });
      result.observe(system / 1e6, { "cpu.mode": "system" });
    });
  }

  /** CPU use between the last two samples, in percent of one core. */
  get percent(): number {
    return this.#percent;
  }

  /** Takes a reading; call it at a regular interval. */
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
