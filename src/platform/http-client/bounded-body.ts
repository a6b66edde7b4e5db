// Collects a response body up to a limit, whatever the size and number of its chunks.

/** Collects chunks. Copies them, because each chunk would keep the whole buffer alive that it was received in. */
export class BoundedBody {
  readonly #limitBytes: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Adds a chunk. Returns false and drops everything when that would exceed the limit. */
  append(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#limitBytes) {
      this.#bytes = Buffer.alloc(0);
      this.#length = 0;
      return false;
    }
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(this.#limitBytes, Math.max(length, 2 * this.#bytes.length)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** What has arrived so far. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
