// A minimal load balancer, and clients that send requests through it over keep-alive connections.
import { Agent, request } from "node:http";
import { paths } from "../support/fixture/routes.ts";
import { token } from "../support/helper.ts";

const pollMs = 100;

/** The status of a response, 0 for none, and whether its connection was reused. */
export interface Sent {
  status: number;
  reused: boolean;
}

/** Polls the readiness of each instance and distributes requests among the ready ones, round-robin. */
export class Balancer {
  readonly ready: string[] = [];
  readonly #instances = new Set<string>();
  readonly #polling = setInterval(() => this.#poll(), pollMs);
  #count = 0;

  add(url: string): void {
    this.#instances.add(url);
  }

  remove(url: string): void {
    this.#instances.delete(url);
    this.#set(url, false);
  }

  /** The instance for the next request. */
  next(): string {
    this.#count += 1;
    const url = this.ready[this.#count % this.ready.length];
    if (url === undefined) throw new Error("no instance is ready");
    return url;
  }

  close(): void {
    clearInterval(this.#polling);
  }

  async #poll(): Promise<void> {
    await Promise.all(
      [...this.#instances].map(async (url) => {
        const answer = await fetch(`${url}/health/ready`, { headers: { connection: "close" } }).catch(() => undefined);
        await answer?.arrayBuffer();
        this.#set(url, answer?.ok === true && this.#instances.has(url));
      }),
    );
  }

  #set(url: string, ready: boolean): void {
    const index = this.ready.indexOf(url);
    if (ready && index < 0) this.ready.push(url);
    if (!ready && index >= 0) this.ready.splice(index, 1);
  }
}

/** Sends `perSecond` requests a second over keep-alive connections, reads and writes, without retries. */
export function startTraffic(balancer: Balancer, perSecond: number) {
  const agent = new Agent({ keepAlive: true });
  const sending: Promise<Sent>[] = [];
  const body = { name: "restart", url: "http://127.0.0.1:9/hooks" };
  const startedAt = performance.now();
  const ticking = setInterval(() => {
    while (sending.length < ((performance.now() - startedAt) / 1000) * perSecond) {
      const writes = sending.length % 4 === 0;
      sending.push(
        writes
          ? send(agent, balancer.next(), "POST", paths.items, body)
          : send(agent, balancer.next(), "GET", `${paths.items}?search=nothing${sending.length}`),
      );
    }
  }, 5);
  return {
    async end(): Promise<Sent[]> {
      clearInterval(ticking);
      const all = await Promise.all(sending);
      agent.destroy();
      return all;
    },
  };
}

/** Sends one request without retries. */
export function send(agent: Agent, url: string, method: string, path: string, body?: unknown): Promise<Sent> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const end = (status: number) => resolve({ status, reused: sent.reusedSocket });
    const sent = request(url + path, { agent, method, headers }, (response) => {
      response.resume();
      response.once("end", () => end(response.statusCode ?? 0));
      response.once("error", () => end(0));
    });
    sent.once("error", () => end(0));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
