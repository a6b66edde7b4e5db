// Koa, with less to do for each response. It waits for the end of every one by on-finished, which listens to the response and to
// its connection for that, and takes its listeners away again: up to a twentieth of all that a traced request takes
// (`npm run bench`).
import Koa from "koa";
import type { RequestState } from "./http.ts";

type Handle = ReturnType<Koa["callback"]>;
type Response = Parameters<Handle>[1];

/** What on-finished puts with a response that it waits for; where it is there already, it only adds to it. */
interface Waiting {
  /** Called once; with the error that ended the connection, if one did. `null` when they have been. */
  queue: ((error: Error | null, response: Response) => void)[] | null;
}

export class Application extends Koa<RequestState> {
  override callback(): Handle {
    const handle = super.callback();
    return (request, response) => {
      tellOnFinished(response);
      return handle(request, response);
    };
  }
}

/** By one listener. Should on-finished not look for what is put there any more, it listens itself again. */
function tellOnFinished(response: Response & { __onFinished?: Waiting | null }): void {
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
