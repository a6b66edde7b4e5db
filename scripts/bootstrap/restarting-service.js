// The service of `npm run dev`: restarts on every change of its source, package.json or .env, with the settings as they are then.
import { setTimeout as sleep } from "node:timers/promises";
import { servicePart } from "./local-parts.js";
import { answers } from "./ports.js";
import { untilOk } from "./ready.js";
import { startRestarting } from "./restarting.js";
import { readSettings } from "./settings.js";

/** A service that has not closed its port by then is blocked, or held by a debugger. */
const RELEASE_LIMIT_MS = 400;

/** @typedef {ReturnType<typeof import("./settings.js").localSettings>} Settings */

/**
 * @param {object} options
 * @param {string} options.root
 * @param {Settings} options.settings those of the other parts
 * @param {string} options.mysqlUrl
 * @param {(part: import("./local-parts.js").LocalPart) => import("./child.js").Child} options.start
 * @param {(text: string) => void} options.print
 */
export function restartingService({ root, settings, mysqlUrl, start, print }) {
  let starts = 0;
  return startRestarting({
    root,
    released: () => untilFree(settings),
    watched: ["src", "package.json", ".env"],
    print,
    async start() {
      const changed = await readSettings(root);
      const startedAt = performance.now();
      const part = servicePart(changed, mysqlUrl);
      const child = start(part);
      starts += 1;
      if (starts > 1) {
        if (needsWholeRestart(settings, changed))
          print("stop npm run dev and start it again: other parts have changed settings too");
        void reportReady(child, part, startedAt);
      }
      return child;
    },
  });

  /** @param {import("./child.js").Child} child @param {import("./local-parts.js").LocalPart} part @param {number} startedAt */
  async function reportReady(child, { readyUrl = "" }, startedAt) {
    const ended = new AbortController();
    child.exited.then(() => ended.abort());
    const ready = await untilOk(readyUrl, { signal: ended.signal, limitMs: 60_000 }).then(
      () => true,
      () => false,
    );
    if (ready) print(`ready again at ${new URL(readyUrl).origin} (${Math.round(performance.now() - startedAt)} ms)`);
  }
}

/**
 * Resolves once nothing listens on the service's port. It then loads while the last one sends its telemetry and writes its
 * compile cache.
 * @param {Settings} settings
 * @returns {Promise<boolean>} false when it takes too long
 */
async function untilFree({ ports: [service], inspect }) {
  for (const deadline = performance.now() + RELEASE_LIMIT_MS; performance.now() < deadline; await sleep(10)) {
    // a debugger's port is free only when the process has ended
    if (inspect.length === 0 && service !== undefined && !(await answers(service.port))) return true;
  }
  return false;
}

/** Whether .env has changed what only other parts read: their ports, or the database's address. @param {Settings} before @param {Settings} now */
function needsWholeRestart(before, now) {
  const others = (/** @type {Settings} */ { env, ports, ownViewer }) =>
    JSON.stringify([env.MYSQL_URL, ports.slice(1), ownViewer]);
  return others(before) !== others(now);
}
