// Decompresses responses, with the same size limit as for the response itself: a few kilobytes can inflate to gigabytes.
import { promisify } from "node:util";
import { brotliDecompress, gunzip, type ZlibOptions } from "node:zlib";
import { type HttpResponse, ResponseTooLarge } from "./exchange.ts";

type Inflate = (bytes: Buffer, options: Pick<ZlibOptions, "maxOutputLength">) => Promise<Buffer>;

const inflaters: Readonly<Record<string, Inflate>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
};

/** The encodings that {@link decoded} supports, for `Accept-Encoding`. */
export const acceptEncoding = "gzip, br";

/**
 * The decompressed response. Leaves a body in any other encoding as it is, along with its `Content-Encoding` header.
 *
 * @throws {ResponseTooLarge} when the decompressed body exceeds `limitBytes`; zlib's error when the body is corrupt.
 */
export async function decoded(response: HttpResponse, limitBytes: number): Promise<HttpResponse> {
  const { "content-encoding": encoding, "content-length": _length, ...headers } = response.headers;
  const name = String(encoding).trim().toLowerCase();
  const inflate = Object.hasOwn(inflaters, name) ? inflaters[name] : undefined;
  if (inflate === undefined || response.body.length === 0) return response;
  try {
    return { ...response, headers, body: await inflate(response.body, { maxOutputLength: limitBytes }) };
  } catch (error) {
    const tooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw tooLarge ? new ResponseTooLarge(limitBytes) : error;
  }
}
