// What one bad caller may do to a shared service: be slow, large, broken or greedy, within its rate limit and beyond.
import { connect, type Socket } from "node:net";
import { itemDescription } from "../support/fixture/domain.ts";
import { paths } from "../support/fixture/routes.ts";
import { type Caller, createItem } from "./callers.ts";

export interface Target {
  url: string;
  /** URL of what the service calls, see receiver.ts. */
  receiver: string;
  caller: Caller;
}

export interface Behaviour {
  /** Settings of the service that make the effect visible sooner. */
  env?: Record<string, string>;
  /** Starts the behaviour, which continues until the process exits. */
  begin(target: Target): void | Promise<void>;
}

export const behaviours: Readonly<Record<string, Behaviour>> = {
  nothing: { begin() {} },

  "calls that take 1.35 s, 10 a second": {
    async begin({ url, receiver, caller }) {
      const item = await createItem(url, caller, `${receiver}/slow`);
      every(100, () => send(url, caller, "POST", `${item}/calls`));
    },
  },
  "a call that fails, 10 a second": {
    async begin({ url, receiver, caller }) {
      const item = await createItem(url, caller, `${receiver}/failing`);
      every(100, () => send(url, caller, "POST", `${item}/calls`));
    },
  },
  "calls to a host that refuses connections, 10 a second": {
    async begin({ url, caller }) {
      const item = await createItem(url, caller, "http://127.0.0.2:9/");
      every(100, () => send(url, caller, "POST", `${item}/calls`));
    },
  },
  "one byte of a body, 5 a second": {
    begin({ url, caller }) {
      every(200, () => raw(url, `${head(caller, "POST", paths.items, "Content-Length: 500", json)}{`));
    },
  },
  "bodies of 100 kB, a byte at a time, 5 a second": {
    begin({ url, caller }) {
      every(200, () => {
        const socket = raw(url, head(caller, "POST", paths.items, "Content-Length: 100000", json));
        const trickling = setInterval(() => socket.write(" "), 100);
        socket.once("close", () => clearInterval(trickling));
      });
    },
  },
  "200 bodies at once that never end": {
    begin({ url, caller }) {
      for (let count = 0; count < 200; count += 1) {
        raw(url, `${head(caller, "POST", paths.items, "Transfer-Encoding: chunked", json)}1\r\n{\r\n`);
      }
    },
  },
  "bodies of 100 kB, 10 a second": {
    begin({ url, caller }) {
      const body = JSON.stringify({ name: "large", description: "x".repeat(100_000) });
      every(100, () => send(url, caller, "POST", paths.items, body));
    },
  },
  "searches with a deadline of 15 ms, 100 a second": {
    env: { FIXTURE_ITEMS: "20000" },
    begin({ url, caller }) {
      let count = 0;
      const impatient = { headers: { ...caller.headers, "x-request-timeout-ms": "15" } };
      every(10, () => {
        count += 1;
        send(url, impatient, "GET", `${paths.items}?search=${count % 2 ? "nothing" : count}`);
      });
    },
  },
  "searches that it aborts, 100 a second": {
    begin({ url, caller }) {
      let count = 0;
      every(10, () => {
        count += 1;
        const socket = raw(url, head(caller, "GET", `${paths.items}?search=${count}`));
        setTimeout(() => socket.destroy(), 10);
      });
    },
  },
  "searches, 10 a second": {
    begin({ url, caller }) {
      let count = 0;
      every(100, () => {
        count += 1;
        send(url, caller, "GET", `${paths.items}?search=${count}&limit=100`);
      });
    },
  },
  "searches of the cached list with a deadline of 15 ms, 100 a second": {
    env: { FIXTURE_ITEMS: "20000" },
    begin({ url, caller }) {
      let count = 0;
      const impatient = { headers: { ...caller.headers, "x-request-timeout-ms": "15" } };
      every(10, () => {
        count += 1;
        send(url, impatient, "GET", `${paths.cached}?search=${count}`);
      });
    },
  },
  "calls with a deadline of 15 ms, 10 a second": {
    async begin({ url, receiver, caller }) {
      const item = await createItem(url, caller, `${receiver}/slow`);
      const impatient = { headers: { ...caller.headers, "x-request-timeout-ms": "15" } };
      every(100, () => send(url, impatient, "POST", `${item}/calls`));
    },
  },
  "cached pages, all different, 100 a second": {
    env: { NODE_OPTIONS: "--max-old-space-size=160" },
    begin({ url, caller }) {
      let count = 0;
      every(10, () => {
        count += 1;
        // Parts of the text that all items have, so that each search finds as many as it may.
        const part = encodeURIComponent(itemDescription.slice(count % 40, 50 + (count % 50)));
        send(url, caller, "GET", `${paths.cached}?limit=100&search=${part}`);
        send(url, caller, "GET", `${paths.cached}?limit=${1 + (count % 100)}`);
      });
    },
  },
  "500 lists, pipelined on 50 connections, never read": {
    env: { NODE_OPTIONS: "--max-old-space-size=200" },
    begin({ url, caller }) {
      for (let count = 0; count < 50; count += 1) {
        raw(url, head(caller, "GET", `${paths.items}?limit=100`).repeat(10)).pause();
      }
    },
  },
  "lists, read at one byte a second": {
    begin({ url, caller }) {
      every(100, () => {
        const socket = raw(url, head(caller, "GET", `${paths.items}?limit=100`));
        socket.pause();
        const reading = setInterval(() => socket.read(1), 1000);
        socket.once("close", () => clearInterval(reading));
      });
    },
  },
  "2000 silent connections": {
    begin({ url }) {
      for (let count = 0; count < 2000; count += 1) raw(url, "");
    },
  },
  "metrics, 100 a second": {
    begin({ url, caller }) {
      every(10, () => send(url, caller, "GET", "/metrics"));
    },
  },
  "health, 300 a second": {
    begin({ url, caller }) {
      every(10, () => {
        for (const path of ["/health", "/health/ready", "/health/live"]) send(url, caller, "GET", path);
      });
    },
  },
  "invalid tokens, 100 a second": {
    begin({ url, caller }) {
      let count = 0;
      every(10, () => {
        count += 1;
        const invalid = { headers: { ...caller.headers, authorization: `Bearer a.${count}.${"x".repeat(4000)}` } };
        send(url, invalid, "GET", paths.item);
      });
    },
  },
  "invalid HTTP, 100 a second": {
    begin({ url }) {
      every(10, () => raw(url, "\0\x01\xff GET / HTTP/9.9\r\n: :\r\n\r\n"));
    },
  },
};

const json = "Content-Type: application/json";

function head({ headers }: Caller, method: string, path: string, ...more: string[]): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${path} HTTP/1.1`, "Host: x", ...lines, ...more].join("\r\n")}\r\n\r\n`;
}

function raw(url: string, bytes: string): Socket {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
  socket.on("error", () => {});
  socket.write(Buffer.from(bytes, "latin1"));
  return socket;
}

function send(url: string, { headers }: Caller, method: string, path: string, body?: string): void {
  const options = {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body }),
  };
  fetch(url + path, options).then(
    (response) => response.arrayBuffer(),
    () => {},
  );
}

function every(ms: number, action: () => void): void {
  action();
  setInterval(action, ms);
}
