// Undoes the compression of an answer, up to the same limit as the answer itself: a few kilobytes can stand for gigabytes.
import { promisify } from "node:util";
import { brotliDecompress, gunzip, type ZlibOptions } from "node:zlib";
import { type HttpAnswer, ResponseTooLarge } from "./exchange.ts";

type Inflate = (bytes: Buffer, options: Pick<ZlibOptions, "maxOutputLength">) => Promise<Buffer>;

const inflaters: Readonly<Record<string, Inflate>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
};

/** What {@link decoded} undoes, for `Accept-Encoding`. */
export const acceptEncoding = "gzip, br";

/**
 * The answer without its compression. An encoding that was not asked for is left as it is, with the header that says so.
 *
 * @throws {ResponseTooLarge} when it is over `limitBytes`; zlib's error when it is broken.
 */
export async function decoded(answer: HttpAnswer, limitBytes: number): Promise<HttpAnswer> {
  const { "content-encoding": encoding, "content-length": _length, ...headers } = answer.headers;
  const name = String(encoding).trim().toLowerCase();
  const inflate = Object.hasOwn(inflaters, name) ? inflaters[name] : undefined;
  if (inflate === undefined || answer.body.length === 0) return answer;
  try {
    return { ...answer, headers, body: await inflate(answer.body, { maxOutputLength: limitBytes }) };
  } catch (error) {
    const tooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw tooLarge ? new ResponseTooLarge(limitBytes) : error;
  }
}
