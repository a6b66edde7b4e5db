// Watches memory from a timer, so that no request pays for it: warns once when it runs short, collects garbage when Node
// lets us, and says when the lowest class of requests is to be refused, before the process is killed with all of them.

import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { metrics, ValueType } from "@opentelemetry/api";
import type { Logger } from "../log.ts";
import { usableHeap } from "./heap-limit.ts";
import { Threshold } from "./threshold.ts";

/** Sizes in bytes: of the heap, with what is safe; of the process, with what the container or the machine allows. */
export interface MemoryReading {
  heapUsed: number;
  heapLimit: number;
  rss: number;
  limit: number;
}

interface MemoryWatchOptions {
  /** Percent from which on it warns; from 5 below on it is normal again. */
  warnPercent: number;
  /** Percent from which on the lowest class is shed; until 5 below. */
  shedPercent: number;
  read?: () => MemoryReading;
  /** Forces a garbage collection; undefined when Node does not expose it (`--expose-gc`). */
  collect?: (() => void) | undefined;
  now?: () => number;
}

/** A collection stops the process for as long as it takes: not more often than this. */
const collectEveryMs = 30_000;
const way = 5;

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
    this.#warning = new Threshold(options.warnPercent, options.warnPercent - way);
    this.#shedding = new Threshold(options.shedPercent, options.shedPercent - way);
    this.#last = this.#read();
    this.#instruments();
  }

  /** The larger of heap and process, each in percent of its own limit, at the last sample. */
  get percent(): number {
    return memoryPercent(this.#last);
  }

  get warning(): boolean {
    return this.#warning.exceeded;
  }

  get shedding(): boolean {
    return this.#shedding.exceeded;
  }

  sample(): void {
    this.#last = this.#read();
    const percent = Math.round(this.percent);
    const changed = this.#warning.take(this.percent);
    this.#shedding.take(this.percent);
    if (changed === "exceeded") this.#log.warn({ percent, ...this.#last }, "memory is running short");
    if (changed === "normal") this.#log.warn({ percent }, "memory is back to normal");
    if (this.warning && this.#collect && this.#now() - this.#collectedAt >= collectEveryMs) {
      this.#collectedAt = this.#now();
      this.#collect();
    }
  }

  #instruments(): void {
    const meter = metrics.getMeter("memory");
    const gauge = (name: string, description: string) =>
      meter.createObservableUpDownCounter(name, { unit: "By", description, valueType: ValueType.INT });
    gauge("process.memory.usage", "Physical memory in use").addCallback((result) => result.observe(this.#last.rss));
    gauge("process.memory.limit", "Physical memory allowed").addCallback((result) => result.observe(this.#last.limit));
  }
}

/** Of a reading, or at this instant. Not over 100: the process may live on a little beyond what is safe. */
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

/** The container's limit when there is one; without one the system says 0, or more than the machine has. Bytes. */
export function memoryLimit(constrained: number, machine = totalmem()): number {
  return constrained > 0 && constrained < machine ? constrained : machine;
}
