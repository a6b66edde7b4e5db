// A stand-in for the service: the part of its API that the traffic generator uses, with a record of the requests.
// test/stack runs the generator against the real service.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export class Target {
  /** Whether its readiness probe returns 200. */
  ready = true;
  /** Whether it never responds, except to the probe. */
  silent = false;
  /** "METHOD /path" of every request except the probe's, oldest first. */
  readonly asked: string[] = [];
  /** Webhooks of the automations that were created and not deleted, by id. */
  readonly automations = new Map<number, string>();
  revalidated = 0;
  #server: Server | undefined;
  #nextId = 1;
  #waiting: { met: () => boolean; resolve: () => void }[] = [];

  /** Listens on `port` (0: any) and resolves with the address. */
  async listen(port = 0): Promise<string> {
    this.#server = createServer((request, response) => void this.#answer(request, response)).listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address?.port}`;
  }

  /** Stops and closes all connections. */
  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Resolves as soon as `met` returns true; checked after each request. */
  until(met: () => boolean): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ met, resolve }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    const [status, body, headers = {}] = this.#route(request, text);
    if (!this.silent || request.url === "/health/ready") this.#send(response, status, body, headers);
    for (const { met, resolve } of this.#waiting) if (met()) resolve();
  }

  #send(response: ServerResponse, status: number, body: object | undefined, headers: Record<string, string>): void {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  #route({ method, url = "", headers }: IncomingMessage, text: string): [number, object?, Record<string, string>?] {
    const [path = "", query = ""] = url.split("?");
    if (path === "/health/ready") return [this.ready ? 200 : 503, {}];
    this.asked.push(`${method} ${path}`);
    if (query.includes("sort=cheapest")) return [400, {}];
    if (path === "/api/automations/marketplace") return [200, { items: [{ id: 1 }], nextCursor: "next" }];
    if (path === "/api/optimized/automations/marketplace") {
      // Like Koa: "no-cache" always gets the whole response.
      if (headers["if-none-match"] !== '"v1"' || headers["cache-control"] === "no-cache") {
        return [200, { items: [] }, { etag: '"v1"' }];
      }
      this.revalidated += 1;
      return [304];
    }
    if (headers["x-api-key"] !== "secret") return [401, {}];
    if (method === "POST" && path === "/api/automations") return this.#create(text);
    const id = Number(/^\/api\/automations\/(\d+)/.exec(path)?.[1]);
    if (!this.automations.has(id)) return [404, {}];
    if (method === "DELETE") this.automations.delete(id);
    return method === "DELETE" ? [204] : [method === "POST" ? 201 : 200, { id }];
  }

  #create(text: string): [number, object] {
    const body: object = JSON.parse(text);
    const webhookUrl: unknown = Reflect.get(body, "webhookUrl");
    if (typeof webhookUrl !== "string") return [400, {}];
    const id = this.#nextId++;
    this.automations.set(id, webhookUrl);
    return [201, { id }];
  }
}
