// A network between the service and a server that can be broken and mended: every byte passes through this relay.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

type State = "up" | "blackholed" | "refusing";

export class Link {
  readonly port: number;
  #target: { host: string; port: number };
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #server: Server;
  #state: State = "up";

  private constructor(server: Server, port: number, target: { host: string; port: number }) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on("connection", (socket) => this.#relay(socket));
  }

  /** A relay on loopback to the server of `url`. */
  static async to(url: string): Promise<Link> {
    const server = createServer({ noDelay: true });
    return new Link(server, await listen(server, 0), addressOf(url));
  }

  /** New connections go to the server of `url` from now on. */
  leadTo(url: string): void {
    this.#target = addressOf(url);
  }

  /** `url` by way of the relay. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = "127.0.0.1";
    changed.port = String(this.port);
    return changed.href;
  }

  /** Connections that are open through it. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Takes everything and passes nothing on, in either direction: nobody is told. */
  blackhole(): void {
    this.#state = "blackholed";
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Resets every connection. New ones can be made. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Resets every connection, and refuses new ones. */
  async refuse(): Promise<void> {
    this.#state = "refusing";
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  /** Works again. What a black hole held back arrives late, or stays lost together with its connections. */
  async mend({ old = "late" }: { old?: "late" | "lost" } = {}): Promise<void> {
    if (this.#state === "refusing") {
      this.#server = createServer({ noDelay: true });
      this.#server.on("connection", (socket) => this.#relay(socket));
      await listen(this.#server, this.port);
    }
    this.#state = "up";
    if (old === "late") for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #relay(near: Socket): void {
    const far = connect({ ...this.#target, noDelay: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on("data", (chunk) => to.write(chunk));
      from.on("error", () => {});
      from.on("end", () => to.end());
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#state === "blackholed") from.pause();
    }
  }
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}
