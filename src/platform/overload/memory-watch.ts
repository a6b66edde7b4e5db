// Watches memory from a timer, so that no request pays for it: warns once when memory runs short, forces a garbage collection
// where Node allows it, and sheds low-priority requests before the process is killed along with all of them.

import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { metrics, ValueType } from "@opentelemetry/api";
import type { Logger } from "../log.ts";
import { usableHeap } from "./heap-limit.ts";
import { Threshold } from "./threshold.ts";

/** In bytes: the heap in use and how much is safe; the process's memory and the limit of the container or machine. */
export interface MemoryReading {
  heapUsed: number;
  heapLimit: number;
  rss: number;
  limit: number;
}

interface MemoryWatchOptions {
  /** Warns at this percentage; back to normal 5 below it. */
  warnPercent: number;
  /** Sheds low-priority requests from this percentage until 5 below it. */
  shedPercent: number;
  read?: () => MemoryReading;
  /** Forces a garbage collection; undefined when Node does not expose it (`--expose-gc`). */
  collect?: (() => void) | undefined;
  now?: () => number;
}

/** A forced collection blocks the process, so it runs at most this often. */
const collectIntervalMs = 30_000;
const hysteresisPercent = 5;

export class MemoryWatch {
  readonly #read: () => MemoryReading;
  readonly #collect: (() => void) | undefined;
  readonly #now: () => number;
  readonly #log: Logger;
  readonly #warning: Threshold;
  readonly #shedding: Threshold;
  #last: MemoryReading;
  #collectedAt = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryWatchOptions, log: Logger) {
    this.#read = options.read ?? readMemory;
    this.#collect = "collect" in options ? options.collect : globalThis.gc && (() => void globalThis.gc?.());
    this.#now = options.now ?? (() => performance.now());
    this.#log = log;
    this.#warning = new Threshold(options.warnPercent, options.warnPercent - hysteresisPercent);
    this.#shedding = new Threshold(options.shedPercent, options.shedPercent - hysteresisPercent);
    this.#last = this.#read();
    this.#registerGauges();
  }

  /** Heap or process memory at the last sample, each in percent of its limit; the larger of the two. */
  get percent(): number {
    return memoryPercent(this.#last);
  }

  /** True while memory is short. */
  get warning(): boolean {
    return this.#warning.exceeded;
  }

  /** True while low-priority requests must be refused. */
  get shedding(): boolean {
    return this.#shedding.exceeded;
  }

  /** Takes a reading, logs a change and collects garbage when memory is short; call it at a regular interval. */
  sample(): void {
    this.#last = this.#read();
    const percent = Math.round(this.percent);
    const change = this.#warning.update(this.percent);
    this.#shedding.update(this.percent);
    if (change === "exceeded") this.#log.warn({ percent, ...this.#last }, "memory is running short");
    if (change === "normal") this.#log.warn({ percent }, "memory is back to normal");
    if (this.warning && this.#collect && this.#now() - this.#collectedAt >= collectIntervalMs) {
      this.#collectedAt = this.#now();
      this.#collect();
    }
  }

  #registerGauges(): void {
    const meter = metrics.getMeter("memory");
    const gauge = (name: string, description: string) =>
      meter.createObservableUpDownCounter(name, { unit: "By", description, valueType: ValueType.INT });
    gauge("process.memory.usage", "Physical memory in use").addCallback((result) => result.observe(this.#last.rss));
    gauge("process.memory.limit", "Physical memory allowed").addCallback((result) => result.observe(this.#last.limit));
  }
}

/** The percentage of a reading; by default of one taken now. Capped at 100: a process can live a little past the safe limit. */
export function memoryPercent({ heapUsed, heapLimit, rss, limit } = readMemory()): number {
  return Math.min(100, 100 * Math.max(heapUsed / heapLimit, rss / limit));
}

function readMemory(): MemoryReading {
  const limit = memoryLimit(process.constrainedMemory());
  const { used_heap_size: heapUsed, heap_size_limit: sizeLimit } = getHeapStatistics();
  const options = [process.env.NODE_OPTIONS ?? "", ...process.execArgv];
  const heapLimit = usableHeap({ sizeLimit, memory: limit, options });
  return { heapUsed, heapLimit, rss: process.memoryUsage.rss(), limit };
}

/** The container's limit, else the machine's memory, in bytes. A system without a limit reports 0 or more than it has. */
export function memoryLimit(constrained: number, machine = totalmem()): number {
  return constrained > 0 && constrained < machine ? constrained : machine;
}
