// Requests of every kind, so that every graph has something to show: good ones, slow ones, failures, refusals and mistakes.
import { paths } from "../support/fixture/routes.ts";
import { call, createItem, get, routes, send } from "./service.ts";

const everyMs = 200;

/** Sends requests of every kind, five a second, until `stop()`. */
export async function startVariety(): Promise<{ stop(): Promise<void> }> {
  const ids = await Promise.all(["fast", "slow", "error", "never"].map((answer) => createItem(answer)));
  const [fast = 0, slow = 0, failing = 0, hanging = 0] = ids;
  const item = (id: number, request: { method: string; body?: object }) =>
    send({ route: routes.item, path: `${paths.items}/${id}`, ...request });
  const kinds: (() => Promise<unknown>)[] = [
    () => send({ route: routes.items }),
    () => send({ route: routes.items, path: `${paths.items}?search=7&limit=50` }),
    () => send({ route: routes.cached }),
    () => get(1),
    () => call(fast),
    () => call(slow),
    () => call(failing),
    () => call(hanging),
    () => item(fast, { method: "PATCH", body: { name: "Stack test: changed" } }),
    async () => item(await createItem("fast"), { method: "DELETE" }),
    () => send({ route: "unmatched", path: "/nothing" }),
    () => send({ route: routes.items, path: `${paths.items}?limit=0` }),
    () => send({ route: routes.item, path: paths.item, apiKey: "wrong" }),
  ];
  const running = new Set<Promise<unknown>>();
  let count = 0;
  const sending = setInterval(() => {
    const request = kinds[count++ % kinds.length]?.().catch(() => undefined);
    if (request === undefined) return;
    running.add(request);
    request.finally(() => running.delete(request));
  }, everyMs);
  return {
    async stop() {
      clearInterval(sending);
      await Promise.all(running);
    },
  };
}
