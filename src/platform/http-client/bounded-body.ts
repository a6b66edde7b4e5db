// Collects the body of an answer up to a limit, whatever the size and number of its pieces.

/** Bytes that arrive in pieces. They are copied: a piece keeps the whole block alive that it was received in. */
export class BoundedBody {
  readonly #limitBytes: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** False, and nothing is kept, when it would be more than the limit. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
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
    this.#bytes.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
