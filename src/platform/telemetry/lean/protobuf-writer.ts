// Writes messages in protobuf's wire format (protobuf.dev, "Encoding"), into one buffer that grows.

/** How a field's value is written. */
export const varint = 0;
export const fixed64 = 1;
export const delimited = 2;
const fixed32 = 5;

/** Calling the engine to copy a text costs more than so many letters do, one by one. */
const fewLetters = 64;

/** What stands before each value. */
export function field(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

export class ProtobufWriter {
  #bytes: Buffer;
  /** The same memory: numbers of several bytes are written through it at once. */
  #view: DataView;
  #at = 0;

  /** `size`: how many bytes it will probably be. */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(64, size));
    this.#view = viewOf(this.#bytes);
  }

  /** All that was written. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /**
   * Begins a message inside of this one; {@link end} takes what this gives. `lengthBytes`: how many bytes its length will
   * probably take, and the same for both; the message is moved when it is another.
   */
  begin(tag: number, lengthBytes = 1): number {
    this.#reserve(16);
    this.#varint(tag);
    this.#at += lengthBytes;
    return this.#at;
  }

  end(start: number, lengthBytes = 1): void {
    const length = this.#at - start;
    const more = length < 128 ? 1 - lengthBytes : varintLength(length) - lengthBytes;
    if (more !== 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#at);
    }
    this.#at = start - lengthBytes;
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
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** 64 bits, of which `low` and `high` are 32 each. */
  fixed64(tag: number, low: number, high: number): void {
    this.#reserve(16);
    this.#varint(tag);
    this.#view.setUint32(this.#at, low, true);
    this.#view.setUint32(this.#at + 4, high, true);
    this.#at += 8;
  }

  fixed32(number: number, value: number): void {
    this.#reserve(16);
    this.#varint(field(number, fixed32));
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  text(tag: number, text: string): void {
    if (text.length <= fewLetters && this.#ascii(tag, text)) return;
    const length = Buffer.byteLength(text);
    this.#reserve(16 + length);
    this.#varint(tag);
    this.#varint(length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** Letter by letter. Nothing is written, and the answer is `false`, when one of them takes more than a byte. */
  #ascii(tag: number, text: string): boolean {
    const { length } = text;
    const before = this.#at;
    this.#reserve(16 + length);
    this.#varint(tag);
    this.#varint(length);
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.#at = before;
        return false;
      }
      bytes[start + index] = code;
    }
    this.#at = start + length;
    return true;
  }

  /** Bytes that are given in hexadecimal digits. */
  hex(tag: number, digits: string): void {
    const length = digits.length >>> 1;
    this.#reserve(16 + length);
    this.#varint(tag);
    this.#varint(length);
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < length; index += 1) {
      const high = valueOfDigit(digits.charCodeAt(2 * index));
      bytes[start + index] = (high << 4) | valueOfDigit(digits.charCodeAt(2 * index + 1));
    }
    this.#at = start + length;
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.#reserve(16 + bytes.length);
    this.#varint(tag);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A field whose value was written before, with its length. */
  kept(tag: number, value: Uint8Array): void {
    this.#reserve(16 + value.length);
    this.#varint(tag);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
    this.#view = viewOf(larger);
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

/** Of a hexadecimal digit, by its code. Without a branch: digits of ids come in no order that a processor could foresee. */
function valueOfDigit(code: number): number {
  return (code & 15) + 9 * (code >>> 6);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** In bytes. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length += 1;
  return length;
}
