// Koa, with less to do for each response. It waits for the end of every one by on-finished, which listens to the response and to
// its connection for that, and takes its listeners away again: up to a twentieth of all that a traced request takes
// (`npm run bench`).
import { createRequire } from "node:module";
import Koa from "koa";
import type { Logger } from "../log.ts";
import type { RequestState } from "./types.ts";

type Handle = ReturnType<Koa["callback"]>;
type Response = Parameters<Handle>[1];

/** What on-finished attaches to a response that it waits for. When it is there already, on-finished only adds to the queue. */
interface Waiting {
  /** Called once; with the error that ended the connection, if one did. `null` when they have been. */
  queue: ((error: Error | null, response: Response) => void)[] | null;
}

type OnFinished = (message: object, listener: () => void) => unknown;
/** The copy that Koa uses. */
const onFinished: OnFinished = createRequire(import.meta.resolve("koa"))("on-finished");

export class Application extends Koa<RequestState> {
  readonly #ownQueue: boolean;

  /** `log` is told when the installed on-finished is not the one that this class knows. */
  constructor(log?: Pick<Logger, "warn">) {
    super();
    this.#ownQueue = addsToQueue(onFinished);
    if (!this.#ownQueue) log?.warn("on-finished has changed: each response costs a few listeners more");
  }

  override callback(): Handle {
    const handle = super.callback();
    if (!this.#ownQueue) return handle;
    return (request, response) => {
      attachQueue(response);
      return handle(request, response);
    };
  }
}

/** Calls the queue of on-finished from one listener. */
function attachQueue(response: Response & { __onFinished?: Waiting | null }): void {
  const waiting: Waiting = { queue: [] };
  response.__onFinished = waiting;
  response.on("close", () => {
    const { queue } = waiting;
    waiting.queue = null;
    response.__onFinished = null;
    const error = response.socket?.errored ?? null;
    for (const told of queue ?? []) told(error, response);
  });
}

/** Whether `onFinished` still adds its listener to a queue that it finds, which is no part of its documented behaviour. */
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
