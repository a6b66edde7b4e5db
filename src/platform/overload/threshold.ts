// A limit with a lower way back, so that a reading that sways around it does not switch with every sample.

export class Threshold {
  readonly #from: number;
  readonly #until: number;
  #exceeded = false;

  /** Exceeded when a reading is at `from` or over it, until one is under `until`. */
  constructor(from: number, until: number) {
    this.#from = from;
    this.#until = until;
  }

  get exceeded(): boolean {
    return this.#exceeded;
  }

  /** Takes a reading; tells whether it changed anything. */
  take(reading: number): "exceeded" | "normal" | undefined {
    if (!this.#exceeded && reading >= this.#from) {
      this.#exceeded = true;
      return "exceeded";
    }
    if (this.#exceeded && reading < this.#until) {
      this.#exceeded = false;
      return "normal";
    }
    return undefined;
  }
}
