// Receives OTLP (http/protobuf), counts the spans and discards them. A separate process, so that no server pays for it.
import { createServer } from "node:http";
import { z } from "zod";

export interface Received {
  spans: number;
  /** Server spans: one per traced request. */
  requests: number;
}

const askedSchema = z.object({ of: z.string().optional(), forget: z.boolean().optional() });

/** Field numbers of ExportTraceServiceRequest, ResourceSpans, ScopeSpans and Span. */
const resourceSpans = 1;
const scopeSpans = 2;
const spans = 2;
const kind = 6;
const serverKind = 2;

/** Counts the spans of an ExportTraceServiceRequest. */
export function countSpans(body: Buffer): Received {
  const counted: Received = { spans: 0, requests: 0 };
  for (const resource of messages(body, resourceSpans)) {
    for (const scope of messages(resource, scopeSpans)) {
      for (const span of messages(scope, spans)) {
        counted.spans += 1;
        for (const field of fields(span)) {
          if (field.number === kind && field.value === serverKind) counted.requests += 1;
        }
      }
    }
  }
  return counted;
}

function* messages(message: Buffer, number: number): Generator<Buffer> {
  for (const field of fields(message)) if (field.number === number && field.bytes !== undefined) yield field.bytes;
}

/** The fields of a message in protobuf's wire format, without those of fixed size. */
function* fields(message: Buffer): Generator<{ number: number; value: number; bytes?: Buffer }> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { number, value: varint() };
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      yield { number, value: length, bytes: message.subarray(at, at + length) };
      at += length;
    } else throw new Error(`no protobuf: wire type ${wireType}`);
  }
}

if (import.meta.main) {
  const received = new Map<string, Received>();
  const none: Received = { spans: 0, requests: 0 };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const [, name] = /^\/([^/]+)\/v1\/traces$/.exec(request.url ?? "") ?? [];
    if (name !== undefined) {
      const before = received.get(name) ?? none;
      const more = countSpans(body);
      received.set(name, { spans: before.spans + more.spans, requests: before.requests + more.requests });
    }
    // An empty protobuf response means that everything was accepted.
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  server.listen(0, "127.0.0.1", () => process.send?.({ address: server.address() }));
  process.on("message", (asked) => {
    const { of, forget } = askedSchema.parse(asked);
    if (forget) received.clear();
    process.send?.(received.get(of ?? "") ?? none);
  });
  process.once("disconnect", () => process.exit());
}
