// Writes messages in protobuf's wire format (protobuf.dev, "Encoding"), into one buffer that grows.

/** How a field's value is written. */
export const varint = 0;
export const fixed64 = 1;
export const delimited = 2;
const fixed32 = 5;

/** What stands before each value. */
export function field(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

export class ProtobufWriter {
  #bytes: Buffer;
  #at = 0;

  /** `size`: how many bytes it will probably be. */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(64, size));
  }

  /** All that was written. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Begins a message inside of this one; {@link end} takes what this gives. */
  begin(tag: number): number {
    this.#reserve(8);
    this.#varint(tag);
    // Its length comes here, which takes one byte for most.
    this.#at += 1;
    return this.#at;
  }

  end(start: number): void {
    const length = this.#at - start;
    const more = varintLength(length) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#at);
    }
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
  }

  /** An integer, of up to 64 bits. */
  integer(tag: number, value: number): void {
    this.#reserve(16);
    this.#varint(tag);
    this.#varint(value);
  }

  double(tag: number, value: number): void {
    this.#reserve(16);
    this.#varint(tag);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** 64 bits, of which `low` and `high` are 32 each. */
  fixed64(tag: number, low: number, high: number): void {
    this.#reserve(16);
    this.#varint(tag);
    this.#at = this.#bytes.writeUInt32LE(low, this.#at);
    this.#at = this.#bytes.writeUInt32LE(high, this.#at);
  }

  fixed32(number: number, value: number): void {
    this.#reserve(16);
    this.#varint(field(number, fixed32));
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** `length`: in UTF-8. */
  text(tag: number, text: string, length = Buffer.byteLength(text)): void {
    this.#reserve(16 + length);
    this.#varint(tag);
    this.#varint(length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** Bytes that are given in hexadecimal digits. */
  hex(tag: number, digits: string): void {
    this.#reserve(16 + digits.length);
    this.#varint(tag);
    this.#varint(digits.length / 2);
    this.#at += this.#bytes.write(digits, this.#at, "hex");
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.#reserve(16 + bytes.length);
    this.#varint(tag);
    this.#varint(bytes.length);
    this.raw(bytes);
  }

  /** What has been written before, with its tag and length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The head of a message of known length. */
  head(tag: number, length: number): void {
    this.#reserve(16);
    this.#varint(tag);
    this.#varint(length);
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  #varint(value: number): void {
    if (value < 0 || value > 0xffff_ffff) {
      this.#longVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #longVarint(value: bigint): void {
    let rest = value;
    while (rest > 127n) {
      this.#bytes[this.#at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }
}

/** In bytes. */
export function varintLength(value: number): number {
  if (value < 0) return 10;
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length += 1;
  return length;
}
