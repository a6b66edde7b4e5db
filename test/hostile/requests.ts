// Builds requests as bytes, so that each can be malformed in its own way.
import { token } from "../support/helper.ts";

export const list = "/api/fixture/items";
/** A valid body for creating an item. */
export const good = JSON.stringify({ name: "hostile", url: "http://127.0.0.1:9/hooks" });
export const authorization = `Authorization: Bearer ${token}`;
export const json = "Content-Type: application/json";

/** A request with exactly these headers, the last one on its connection. */
export function request(method: string, target: string, headers: readonly string[], version = "HTTP/1.1"): string {
  return `${[`${method} ${target} ${version}`, ...headers, "Connection: close"].join("\r\n")}\r\n\r\n`;
}

export function get(target: string, ...headers: string[]): string {
  return request("GET", target, ["Host: x", ...headers]);
}

/** A request that creates an item. Adds `Content-Length` unless `headers` contain a length or coding. */
export function post(body: string | Buffer, ...headers: string[]): Buffer {
  const framed = headers.some((header) => /^(content-length|transfer-encoding)\b/i.test(header));
  const length = framed ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = request("POST", "/api/fixture/items", ["Host: x", authorization, ...headers, ...length]);
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

export function postJson(body: string | Buffer): Buffer {
  return post(body, json);
}

/** Encodes `body` as a single chunk. */
export function chunked(body: string): string {
  return `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

/** Joins `count` items, made from their index. */
export function many(count: number, item: (index: number) => string, separator: string): string {
  return Array.from({ length: count }, (_, index) => item(index)).join(separator);
}
