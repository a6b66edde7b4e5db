// One request and its whole answer. It ends at once when its signal aborts, in whatever state it is: undici by itself
// would wait until the request has a connection.
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { BoundedBody } from "./bounded-body.ts";

/** What is sent. */
export interface HttpRequest {
  /** GET when not given. */
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Says that sending it twice does no more than sending it once, where the method does not say so. */
  idempotent?: boolean;
}

/** The answer, complete. */
export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface ExchangeOptions {
  dispatcher: Dispatcher;
  /** Ends the exchange, with its reason. */
  signal: AbortSignal;
  maxResponseBytes: number;
}

/** The answer has more bytes than are read. */
export class ResponseTooLarge extends Error {
  override name = "ResponseTooLarge";

  constructor(limitBytes: number) {
    super(`the answer is over ${limitBytes} bytes`);
  }
}

/**
 * Sends `request` to `url` and reads the answer. Redirects are not followed. Whenever it does not end well, its connection
 * is closed.
 *
 * @throws {ResponseTooLarge}, the reason of the signal, or whatever the socket or undici says.
 */
export async function exchange(url: URL, request: HttpRequest, options: ExchangeOptions): Promise<HttpAnswer> {
  const { dispatcher, signal, maxResponseBytes } = options;
  const { method = "GET", headers = {}, body = null } = request;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const received = new BoundedBody(maxResponseBytes);
  let head: Omit<HttpAnswer, "body"> | undefined;
  let controller: Dispatcher.DispatchController | undefined;

  function giveUp(reason: Error): void {
    reject(reason);
    controller?.abort(reason);
  }
  const onAbort = () => giveUp(reasonOf(signal));

  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort);
  dispatcher.dispatch(
    { origin: url.origin, path: url.pathname + url.search, method, headers, body },
    {
      onRequestStart(started) {
        controller = started;
        // Nobody waits for it any more: it is not sent.
        if (signal.aborted) onAbort();
      },
      onResponseStart(_controller, status, answered) {
        if (status < 200) return;
        head = { status, headers: answered };
        const announced = method === "HEAD" || status === 304 ? 0 : Number(answered["content-length"] ?? 0);
        if (announced > maxResponseBytes) giveUp(new ResponseTooLarge(maxResponseBytes));
      },
      onResponseData(_controller, chunk) {
        if (!received.append(chunk)) giveUp(new ResponseTooLarge(maxResponseBytes));
      },
      onResponseEnd() {
        if (head === undefined) reject(new Error("the answer has no head"));
        else resolve({ ...head, body: received.bytes });
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    },
  );
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
