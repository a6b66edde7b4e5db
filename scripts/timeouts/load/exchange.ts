// One request and its whole response, over a keep-alive connection.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { type Outcome, outcomeOf } from "./outcome.ts";

export interface Exchange {
  outcome: Outcome;
  serverTiming: string | undefined;
}

/** A longer body is not a problem document. */
const problemBytes = 16_384;

/** Returns a client for `origin` with at most `maxSockets` connections. */
export function exchanger(origin: string, headers: Record<string, string>, maxSockets: number) {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === "https:";
  const request = secure ? httpsRequest : httpRequest;
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets });
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const common: RequestOptions = { protocol, host, port, headers, agent };

  /** Calls `done` once. The returned function abandons the request; `done` is not called after that. */
  function exchange(method: string, path: string, done: (exchange: Exchange) => void): () => void {
    let open = true;
    const finish = (outcome: Outcome, response?: IncomingMessage) => {
      if (!open) return;
      open = false;
      const header = response?.headers["server-timing"];
      done({ outcome, serverTiming: Array.isArray(header) ? header.join(", ") : header });
    };
    const failed = (error: NodeJS.ErrnoException) =>
      finish({ result: "error", reason: error.code ?? error.name.slice(0, 60) });
    const sent = request({ ...common, method, path }, (response) => {
      const status = response.statusCode ?? 0;
      const parts: Buffer[] = [];
      let bytes = 0;
      if (status >= 400 && /json/.test(response.headers["content-type"] ?? "")) {
        response.on("data", (part: Buffer) => {
          bytes += part.length;
          if (bytes <= problemBytes) parts.push(part);
        });
      } else {
        response.resume();
      }
      response.once("end", () => finish(outcomeOf(status, problemType(Buffer.concat(parts))), response));
      response.once("error", failed);
    });
    sent.once("error", failed);
    sent.end();
    return () => {
      open = false;
      sent.destroy();
    };
  }

  return { exchange, close: () => agent.destroy() };
}

function problemType(body: Buffer): string | undefined {
  if (body.length === 0) return undefined;
  try {
    const problem: unknown = JSON.parse(body.toString());
    const type: unknown = typeof problem === "object" && problem !== null ? Reflect.get(problem, "type") : undefined;
    return typeof type === "string" && type !== "" ? type : undefined;
  } catch {
    return undefined;
  }
}
