// Writes messages in protobuf's wire format (protobuf.dev, "Encoding") into one growing buffer.

/** Wire types. */
export const varint = 0;
export const fixed64 = 1;
export const delimited = 2;
const fixed32 = 5;

/** Strings up to this length are copied character by character, which is cheaper than a call to Buffer.write. */
const shortLength = 64;

/** Returns the tag of a field: its number and its wire type. */
export function field(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

export class ProtobufWriter {
  #bytes: Buffer;
  /** A view of the same memory, to write numbers of several bytes at once. */
  #view: DataView;
  #at = 0;

  /** `size` is the expected number of bytes. */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(64, size));
    this.#view = viewOf(this.#bytes);
  }

  /** Returns the bytes written so far. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /**
   * Begins a nested message. Pass the returned start to {@link end}, with the same `lengthBytes`: the expected size of the
   * message's length field. The message is moved when its length needs more or fewer bytes.
   */
  begin(tag: number, lengthBytes = 1): number {
    this.#reserve(16);
    this.#varint(tag);
    this.#at += lengthBytes;
    return this.#at;
  }

  /** Ends the nested message that {@link begin} began at `start`. */
  end(start: number, lengthBytes = 1): void {
    const length = this.#at - start;
    const shift = length < 128 ? 1 - lengthBytes : varintLength(length) - lengthBytes;
    if (shift !== 0) {
      this.#reserve(shift);
      this.#bytes.copyWithin(start + shift, start, this.#at);
    }
    this.#at = start - lengthBytes;
    this.#varint(length);
    this.#at += length;
  }

  /** Writes an integer of up to 64 bits. */
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

  /** Writes 64 bits: `low` and `high` are 32 each. */
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
    if (text.length <= shortLength && this.#ascii(tag, text)) return;
    const length = Buffer.byteLength(text);
    this.#reserve(16 + length);
    this.#varint(tag);
    this.#varint(length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** Writes an ASCII string character by character. For any other string, writes nothing and returns false. */
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

  /** Writes the bytes that `digits` spells in hexadecimal. */
  hex(tag: number, digits: string): void {
    const length = digits.length >>> 1;
    this.#reserve(16 + length);
    this.#varint(tag);
    this.#varint(length);
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < length; index += 1) {
      const high = hexDigitValue(digits.charCodeAt(2 * index));
      bytes[start + index] = (high << 4) | hexDigitValue(digits.charCodeAt(2 * index + 1));
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

  /** Writes a field whose value is already encoded, length included. */
  encoded(tag: number, value: Uint8Array): void {
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

/** Returns the value of a hexadecimal digit, by its character code. Branch-free: a CPU can't predict the random digits of ids. */
function hexDigitValue(code: number): number {
  return (code & 15) + 9 * (code >>> 6);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Returns the number of bytes that `value` takes as a varint. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length += 1;
  return length;
}
