// Sends one request and reads the whole response. Ends at once when its signal aborts, in any state: undici alone would wait
// until the request gets a connection.
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { BoundedBody } from "./bounded-body.ts";

/** A request without its URL. */
export interface HttpRequest {
  /** Default: GET. */
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Whether it may be sent twice. Default: depends on the method. */
  idempotent?: boolean;
}

/** A complete response. */
export interface HttpResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface ExchangeOptions {
  dispatcher: Dispatcher;
  /** Ends the exchange, which then rejects with its reason. */
  signal: AbortSignal;
  maxResponseBytes: number;
}

/** The response exceeds the size limit. */
export class ResponseTooLarge extends Error {
  override name = "ResponseTooLarge";

  constructor(limitBytes: number) {
    super(`the response exceeds ${limitBytes} bytes`);
  }
}

/**
 * Sends `request` to `url` and reads the response. Does not follow redirects. Closes the connection after any failure.
 *
 * @throws {ResponseTooLarge}; the reason of the signal; the error of the socket or undici.
 */
export async function exchange(url: URL, request: HttpRequest, options: ExchangeOptions): Promise<HttpResponse> {
  const { dispatcher, signal, maxResponseBytes } = options;
  const { method = "GET", headers = {}, body = null } = request;
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const received = new BoundedBody(maxResponseBytes);
  let head: Omit<HttpResponse, "body"> | undefined;
  let controller: Dispatcher.DispatchController | undefined;

  function giveUp(reason: Error): void {
    reject(reason);
    controller?.abort(reason);
  }
  const onAbort = () => giveUp(abortReason(signal));

  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort);
  dispatcher.dispatch(
    { origin: url.origin, path: url.pathname + url.search, method, headers, body },
    {
      onRequestStart(started) {
        controller = started;
        // The caller has given up: do not send it.
        if (signal.aborted) onAbort();
      },
      onResponseStart(_controller, status, headers) {
        if (status < 200) return;
        head = { status, headers };
        const announced = method === "HEAD" || status === 304 ? 0 : Number(headers["content-length"] ?? 0);
        if (announced > maxResponseBytes) giveUp(new ResponseTooLarge(maxResponseBytes));
      },
      onResponseData(_controller, chunk) {
        if (!received.append(chunk)) giveUp(new ResponseTooLarge(maxResponseBytes));
      },
      onResponseEnd() {
        if (head === undefined) reject(new Error("the response has no head"));
        else resolve({ ...head, body: received.bytes });
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    },
  );
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
