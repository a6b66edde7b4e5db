// Writes attributes as OTLP has them in protobuf: KeyValue and AnyValue of opentelemetry-proto, `common/v1`.
import { delimited, field, fixed64, ProtobufWriter, varint, varintLength } from "./protobuf-writer.ts";

/** Each as a field of this tag. */
export function writeAttributes(writer: ProtobufWriter, tag: number, attributes: object | undefined): void {
  if (attributes === undefined) return;
  for (const [key, value] of Object.entries(attributes)) writeKeyValue(writer, tag, key, value);
}

/** Of texts and numbers, which are most, the length is known at once; all else is measured when it has been written. */
function writeKeyValue(writer: ProtobufWriter, tag: number, key: string, value: unknown): void {
  const keyField = keyFieldOf(key);
  if (typeof value === "string") {
    const length = Buffer.byteLength(value);
    writeHead(writer, tag, keyField, 1 + varintLength(length) + length);
    writer.text(field(1, delimited), value, length);
  } else if (typeof value === "number" && isInteger(value)) {
    writeHead(writer, tag, keyField, 1 + varintLength(value));
    writer.integer(field(3, varint), value);
  } else if (typeof value === "number") {
    writeHead(writer, tag, keyField, 9);
    writer.double(field(4, fixed64), value);
  } else {
    const keyValue = writer.begin(tag);
    writer.raw(keyField);
    const any = writer.begin(field(2, delimited));
    writeAnyValue(writer, value);
    writer.end(any);
    writer.end(keyValue);
  }
}

/** What stands before the value of a KeyValue. */
function writeHead(writer: ProtobufWriter, tag: number, keyField: Uint8Array, valueLength: number): void {
  writer.head(tag, keyField.length + 1 + varintLength(valueLength) + valueLength);
  writer.raw(keyField);
  writer.head(field(2, delimited), valueLength);
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
    writeAttributes(writer, field(1, delimited), value);
    writer.end(map);
  }
}

/** Of 64 bits: any other number is written as a double. */
function isInteger(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
}

const mostKeys = 1000;
const keyFields = new Map<string, Uint8Array>();

/** Keys are few, and each is in every span of its kind. */
function keyFieldOf(key: string): Uint8Array {
  let keyField = keyFields.get(key);
  if (keyField === undefined) {
    const writer = new ProtobufWriter(key.length);
    writer.text(field(1, delimited), key);
    keyField = writer.written();
    if (keyFields.size < mostKeys) keyFields.set(key, keyField);
  }
  return keyField;
}
