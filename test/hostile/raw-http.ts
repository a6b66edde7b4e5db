// Sends bytes as they are, which no HTTP client would, and reads whatever comes back.
import { connect } from "node:net";

export interface Exchange {
  /** All that came back, one character a byte. */
  text: string;
  /** False when the server had still not closed the connection after `limitMs`. */
  closed: boolean;
}

interface ExchangeOptions {
  /** After so long it says that nothing more will come. Node takes that for the end of requests that it has not answered. */
  endAfterMs?: number;
  /** Sent once more every 50 ms. */
  trickle?: string;
  limitMs?: number;
}

/** One connection: sends `bytes`, then waits until the server closes it. An answer that is cut by a reset counts as it is. */
export function exchange(
  url: string,
  bytes: string | Buffer,
  { endAfterMs, trickle, limitMs = 8000 }: ExchangeOptions = {},
): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  let text = "";
  let closed = true;
  const limit = setTimeout(() => {
    closed = false;
    socket.destroy();
  }, limitMs);
  const ending = endAfterMs === undefined ? undefined : setTimeout(() => socket.end(), endAfterMs);
  const trickling = trickle === undefined ? undefined : setInterval(() => socket.write(trickle), 50);
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    clearTimeout(limit);
    clearTimeout(ending);
    clearInterval(trickling);
    resolve({ text, closed });
  });
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  return promise;
}

/** The statuses in `text`, with the types of those that are problems: `200`, `400 invalid_request`, `200, 400`; `closed` for none. */
export function outcomeOf({ text, closed }: Exchange): string {
  const answers = text.split(/(?=HTTP\/1\.1 \d{3} )/).filter((answer) => answer !== "");
  const outcomes = answers.map((answer) => {
    const type = /\r\n\r\n\{"type":"(\w+)"/.exec(answer)?.[1];
    return answer.slice(9, 12) + (type === undefined ? "" : ` ${type}`);
  });
  if (!closed) outcomes.push("left open");
  return outcomes.join(", ") || "closed";
}
