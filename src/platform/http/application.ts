// Koa with less work per response. Koa waits for the end of each with on-finished, which adds several listeners to the response
// and its connection and removes them again: up to a twentieth of the cost of a traced request (`npm run bench`).
import { createRequire } from "node:module";
import Koa from "koa";
import type { Logger } from "../log.ts";
import type { RequestState } from "./types.ts";

type Handle = ReturnType<Koa["callback"]>;
type Response = Parameters<Handle>[1];

/** What on-finished attaches to a response it waits for. If it is there already, on-finished only adds to the queue. */
interface Waiting {
  /** Listeners, each called once with the error that ended the connection, if any. `null` once they have been called. */
  queue: ((error: Error | null, response: Response) => void)[] | null;
}

type OnFinished = (message: object, listener: () => void) => unknown;
/** The copy that Koa uses. */
const onFinished: OnFinished = createRequire(import.meta.resolve("koa"))("on-finished");

export class Application extends Koa<RequestState> {
  readonly #attachesQueue: boolean;

  /** Warns through `log` when the installed on-finished works differently; responses are then handled as in plain Koa. */
  constructor(log?: Pick<Logger, "warn">) {
    super();
    this.#attachesQueue = addsToQueue(onFinished);
    if (!this.#attachesQueue) log?.warn("on-finished has changed: each response needs a few more listeners");
  }

  override callback(): Handle {
    const handle = super.callback();
    if (!this.#attachesQueue) return handle;
    return (request, response) => {
      attachQueue(response);
      return handle(request, response);
    };
  }
}

/** Gives on-finished its queue and runs that from a single listener. */
function attachQueue(response: Response & { __onFinished?: Waiting | null }): void {
  const waiting: Waiting = { queue: [] };
  response.__onFinished = waiting;
  response.on("close", () => {
    const { queue } = waiting;
    waiting.queue = null;
    response.__onFinished = null;
    const error = response.socket?.errored ?? null;
    for (const listener of queue ?? []) listener(error, response);
  });
}

/** Whether `onFinished` adds its listener to an existing queue, which is not part of its documented behaviour. */
export function addsToQueue(onFinished: OnFinished): boolean {
  const queue: unknown[] = [];
  const listener = () => {};
  const response = { writableEnded: false, finished: false, socket: { writable: true }, __onFinished: { queue } };
  try {
    onFinished(response, listener);
  } catch {
    return false;
  }
  return queue.length === 1 && typeof queue[0] === "function" && response.__onFinished.queue === queue;
}
