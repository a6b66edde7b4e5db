// Encodes attributes as OTLP protobuf: KeyValue and AnyValue of opentelemetry-proto, `common/v1`.
// Most attributes repeat with every span of their kind, so their encoded bytes are cached and copied the next time.
import { delimited, field, fixed64, ProtobufWriter, varint } from "./protobuf-writer.ts";

interface CachedKey {
  /** The bytes before the double in a KeyValue: the same for every double under this key. */
  beforeDouble: Uint8Array;
  /** Encoded KeyValues by value. Undefined for a key with too many values: most of those wouldn't repeat. */
  values: Map<unknown, Uint8Array> | undefined;
}

const maxKeys = 200;
const maxValues = 64;
const maxLength = 200;
const cache = new Map<string, CachedKey>();

/** Writes each attribute as a field with `tag`, which must fit in one byte. */
export function writeAttributes(
  writer: ProtobufWriter,
  tag: number,
  attributes: Readonly<Record<string, unknown>> | undefined,
): void {
  if (attributes === undefined) return;
  for (const key of Object.keys(attributes)) writeAttribute(writer, tag, key, attributes[key]);
}

function writeAttribute(writer: ProtobufWriter, tag: number, key: string, value: unknown): void {
  const cached = cache.get(key) ?? cacheKey(key);
  if (cached === undefined) {
    writeKeyValue(writer, tag, key, value);
  } else if (typeof value === "number" && !isInteger(value)) {
    writer.encoded(tag, cached.beforeDouble);
    writer.double(field(4, fixed64), value);
  } else {
    const keyValue = isCacheable(value) ? (cached.values?.get(value) ?? cacheValue(cached, key, value)) : undefined;
    if (keyValue === undefined) writeKeyValue(writer, tag, key, value);
    else writer.encoded(tag, keyValue);
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

/** Whether `value` is an integer that fits in 64 bits. Other numbers are written as doubles. */
function isInteger(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
}

/** Zero and minus zero are the same key in a Map; that's fine, because they're also the same integer on the wire. */
function isCacheable(value: unknown): boolean {
  if (typeof value === "string") return value.length <= maxLength;
  return typeof value === "number" || typeof value === "boolean";
}

function cacheKey(key: string): CachedKey | undefined {
  if (cache.size === maxKeys || key.length > maxLength) return undefined;
  // Without the double (eight bytes) and its tag.
  const cached: CachedKey = { beforeDouble: encodeKeyValue(key, 0.5).subarray(0, -9), values: new Map() };
  cache.set(key, cached);
  return cached;
}

function cacheValue(cached: CachedKey, key: string, value: unknown): Uint8Array | undefined {
  if (cached.values === undefined) return undefined;
  if (cached.values.size === maxValues) {
    cached.values = undefined;
    return undefined;
  }
  const keyValue = encodeKeyValue(key, value);
  cached.values.set(value, keyValue);
  return keyValue;
}

/** Returns a KeyValue with its length but without its tag, which differs between spans, events, links and resources. */
function encodeKeyValue(key: string, value: unknown): Uint8Array {
  const writer = new ProtobufWriter(key.length);
  writeKeyValue(writer, field(1, delimited), key, value);
  return Uint8Array.from(writer.written().subarray(1));
}
