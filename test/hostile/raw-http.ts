// Sends bytes verbatim, which no HTTP client would do, and reads whatever comes back.
import { connect } from "node:net";

export interface Exchange {
  /** Everything that came back, one character per byte. */
  text: string;
  /** False if the server has not closed the connection within `limitMs`. */
  closed: boolean;
}

interface ExchangeOptions {
  /** Half-closes the connection after this time. Node then drops requests that it has not answered. */
  endAfterMs?: number;
  /** Sent again every 50 ms. */
  trickle?: string;
  limitMs?: number;
}

/** Sends `bytes` on a new connection and waits until the server closes it. Returns what came back, even if cut off. */
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

/** Lists the statuses with their problem types, such as `200`, `400 invalid_request` or `200, 400`; `closed` without any. */
export function outcomeOf({ text, closed }: Exchange): string {
  const responses = text.split(/(?=HTTP\/1\.1 \d{3} )/).filter((response) => response !== "");
  const outcomes = responses.map((response) => {
    const type = /\r\n\r\n\{"type":"(\w+)"/.exec(response)?.[1];
    return response.slice(9, 12) + (type === undefined ? "" : ` ${type}`);
  });
  if (!closed) outcomes.push("left open");
  return outcomes.join(", ") || "closed";
}
