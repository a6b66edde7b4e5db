// A threshold with hysteresis, so that a reading that hovers around it does not flip the state with every sample.

export class Threshold {
  readonly #from: number;
  readonly #until: number;
  #exceeded = false;

  /** Exceeded once a reading reaches `from`, until one falls below `until`. */
  constructor(from: number, until: number) {
    this.#from = from;
    this.#until = until;
  }

  get exceeded(): boolean {
    return this.#exceeded;
  }

  /** Takes a reading. Returns the new state if it changed. */
  update(reading: number): "exceeded" | "normal" | undefined {
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
