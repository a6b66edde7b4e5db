// Writes attributes as OTLP has them in protobuf: KeyValue and AnyValue of opentelemetry-proto, `common/v1`.
// Most of them come again with every span of their kind: what was written for them is kept, and copied the next time.
import { delimited, field, fixed64, ProtobufWriter, varint } from "./protobuf-writer.ts";

interface KnownKey {
  /** What stands before the double in a KeyValue of this key: it is the same for all of them. */
  beforeDouble: Uint8Array;
  /** Whole KeyValues by their values. A key with too many has none: most of its values would not come again. */
  values: Map<unknown, Uint8Array> | undefined;
}

const mostKeys = 200;
const mostValues = 64;
const mostLetters = 200;
const knownKeys = new Map<string, KnownKey>();

/** Each as a field of this tag, which takes one byte. */
export function writeAttributes(
  writer: ProtobufWriter,
  tag: number,
  attributes: Readonly<Record<string, unknown>> | undefined,
): void {
  if (attributes === undefined) return;
  for (const key of Object.keys(attributes)) writeAttribute(writer, tag, key, attributes[key]);
}

function writeAttribute(writer: ProtobufWriter, tag: number, key: string, value: unknown): void {
  const known = knownKeys.get(key) ?? learnKey(key);
  if (known === undefined) {
    writeKeyValue(writer, tag, key, value);
  } else if (typeof value === "number" && !isInteger(value)) {
    writer.kept(tag, known.beforeDouble);
    writer.double(field(4, fixed64), value);
  } else {
    const kept = isKeepable(value) ? (known.values?.get(value) ?? learnValue(known, key, value)) : undefined;
    if (kept === undefined) writeKeyValue(writer, tag, key, value);
    else writer.kept(tag, kept);
  }
}

function writeKeyValue(writer: ProtobufWriter, tag: number, key: string, value: unknown): void {
  const keyValue = writer.begin(tag);
  writer.text(field(1, delimited), key);
  const any = writer.begin(field(2, delimited));
  writeAnyValue(writer, value);
  writer.end(any);
  writer.end(keyValue);
}

function writeAnyValue(writer: ProtobufWriter, value: unknown): void {
  if (typeof value === "string") writer.text(field(1, delimited), value);
  else if (typeof value === "boolean") writer.integer(field(2, varint), value ? 1 : 0);
  else if (typeof value === "number" && isInteger(value)) writer.integer(field(3, varint), value);
  else if (typeof value === "number") writer.double(field(4, fixed64), value);
  else if (value instanceof Uint8Array) writer.bytes(field(7, delimited), value);
  else if (Array.isArray(value)) {
    const array = writer.begin(field(5, delimited));
    for (const item of value) {
      const any = writer.begin(field(1, delimited));
      writeAnyValue(writer, item);
      writer.end(any);
    }
    writer.end(array);
  } else if (typeof value === "object" && value !== null) {
    const map = writer.begin(field(6, delimited));
    for (const [key, item] of Object.entries(value)) writeKeyValue(writer, field(1, delimited), key, item);
    writer.end(map);
  }
}

/** Of 64 bits: any other number is written as a double. */
function isInteger(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
}

/** Zero and minus zero are one key of a Map, and one integer on the wire. */
function isKeepable(value: unknown): boolean {
  if (typeof value === "string") return value.length <= mostLetters;
  return typeof value === "number" || typeof value === "boolean";
}

function learnKey(key: string): KnownKey | undefined {
  if (knownKeys.size === mostKeys || key.length > mostLetters) return undefined;
  // Without the double, which is eight bytes, and its tag.
  const known: KnownKey = { beforeDouble: keyValueOf(key, 0.5).subarray(0, -9), values: new Map() };
  knownKeys.set(key, known);
  return known;
}

function learnValue(known: KnownKey, key: string, value: unknown): Uint8Array | undefined {
  if (known.values === undefined) return undefined;
  if (known.values.size === mostValues) {
    known.values = undefined;
    return undefined;
  }
  const keyValue = keyValueOf(key, value);
  known.values.set(value, keyValue);
  return keyValue;
}

/** With its length, and without its tag: that depends on what it is an attribute of. */
function keyValueOf(key: string, value: unknown): Uint8Array {
  const writer = new ProtobufWriter(key.length);
  writeKeyValue(writer, field(1, delimited), key, value);
  return Uint8Array.from(writer.written().subarray(1));
}
