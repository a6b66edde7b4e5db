// Dependencies that misbehave, on real local sockets.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type HttpClientOptions, httpClient } from "../../../src/platform/http-client/client.ts";
import { addressOf, eventually, silent } from "../../support/helper.ts";

export interface Dependency {
  url: string;
  /** Connections that are open now. */
  open: Set<Socket>;
  /** Total connections so far, and total bytes written to them. */
  connections(): number;
  written(): number;
  /** Data received, by connection. */
  received: string[];
  stop(): Promise<void>;
}

/** A TCP server that runs `behave` for each request, once its head has arrived. */
export async function dependency(behave: (socket: Socket, requests: number) => void): Promise<Dependency> {
  const open = new Set<Socket>();
  const all: Socket[] = [];
  const received: string[] = [];
  const server: Server = createServer((socket) => {
    open.add(socket);
    all.push(socket);
    let requests = 0;
    const index = received.push("") - 1;
    socket.on("error", () => {});
    socket.once("close", () => open.delete(socket));
    socket.on("data", (chunk) => {
      received[index] += chunk.toString("latin1");
      if (/^[A-Z]+ \S+ HTTP\/1\.1\r\n/m.test(chunk.toString("latin1"))) behave(socket, ++requests);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: addressOf(server.address()),
    open,
    connections: () => all.length,
    written: () => all.reduce((sum, socket) => sum + socket.bytesWritten, 0),
    received,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Sends a 200 response. */
export function ok(socket: Socket, body = "ok", headers = ""): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`);
}

/** Writes `piece` over and over, as fast as the client reads, until the connection closes. */
export function endlessly(socket: Socket, piece: Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
}

/** A port where connecting neither succeeds nor fails: its process is stopped and its accept queue is full. */
export async function unanswering(): Promise<{ url: string; stop(): Promise<void> }> {
  const script = `const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 },
    () => console.log(server.address().port))`;
  const child = spawn(process.execPath, ["--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const [line]: unknown[] = await once(child.stdout, "data");
  const port = Number(String(line));
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  for (let full = false; !full; ) {
    assert.ok(fillers.length < 100, "the accept queue never fills up");
    const filler = connect(port, "127.0.0.1").on("error", () => {});
    fillers.push(filler);
    full = await Promise.race([once(filler, "connect").then(() => false), sleep(200, true)]);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      for (const filler of fillers) filler.destroy();
      kill();
      await once(child, "exit");
      process.off("exit", kill);
    },
  };
}

export const limits: HttpClientOptions = {
  connections: 5,
  connectTimeoutMs: 150,
  timeoutMs: 400,
  maxResponseBytes: 65_536,
  allowPrivate: ["127.0.0.0/8", "::1"],
};

export function clientWith(options: Partial<HttpClientOptions> = {}) {
  return httpClient({ ...limits, ...options }, silent);
}

/** Waits until no connection to `dependency` is left. */
export async function closed({ open }: Dependency): Promise<void> {
  await eventually("all connections are closed", () => open.size === 0);
}
