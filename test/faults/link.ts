// A TCP relay between the service and a server that simulates network failures.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

type State = "up" | "blackholed" | "refusing";

/** A relay on loopback. Its port stays the same through all failures. */
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

  /** Starts a relay to the server of `url`. */
  static async to(url: string): Promise<Link> {
    const server = createServer({ noDelay: true });
    return new Link(server, await listen(server, 0), addressOf(url));
  }

  /** Sends new connections to the server of `url` from now on. */
  redirectTo(url: string): void {
    this.#target = addressOf(url);
  }

  /** `url` with the relay's address. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = "127.0.0.1";
    changed.port = String(this.port);
    return changed.href;
  }

  /** Number of open connections through the relay. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Silently drops all traffic in both directions: neither side gets an error. */
  blackhole(): void {
    this.#state = "blackholed";
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Resets every connection. New ones can be opened. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Resets every connection and refuses new ones. */
  async refuse(): Promise<void> {
    this.#state = "refusing";
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  /** Works again. What a black hole held back arrives late, or stays lost with its connections. */
  async restore({ old = "late" }: { old?: "late" | "lost" } = {}): Promise<void> {
    if (this.#state === "refusing") {
      this.#server = createServer({ noDelay: true });
      this.#server.on("connection", (socket) => this.#relay(socket));
      await listen(this.#server, this.port);
    }
    this.#state = "up";
    if (old === "late") for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** Closes the relay and all its connections. */
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
