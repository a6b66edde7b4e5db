// What `npm run local` starts for the example alone: a webhook receiver and generated traffic, with their settings and ports.
import { exampleLine } from "./example-lines.js";

/** @typedef {import("./local-parts.js").LocalPart} LocalPart */
/** @typedef {ReturnType<typeof exampleSettings>} ExampleSettings */

export const exampleOptions = ["--traffic=off", "--traffic=on"];

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} args
 * @param {{ servicePort: number, readPort: typeof import("./ports.js").readPort }} options
 */
export function exampleSettings(env, args, { servicePort, readPort }) {
  const webhook = readPort(env, "WEBHOOK_PORT", 9000, "the webhook receiver");
  const webhookUrl = `http://127.0.0.1:${webhook.port}/hooks`;
  const forced = args.includes("--traffic=on") ? { TRAFFIC: "on" } : {};
  const wanted = env.TRAFFIC !== "off" && !args.includes("--watch");
  return {
    webhook,
    traffic: args.includes("--traffic=on") || (wanted && !args.includes("--traffic=off")),
    /** @type {NodeJS.ProcessEnv} defaults of the service */
    serviceEnv: { SEED_AUTOMATIONS: "10000", SEED_WEBHOOK_URL: webhookUrl },
    /** @type {NodeJS.ProcessEnv} */
    trafficEnv: { WEBHOOK_URL: webhookUrl, ...env, ...forced, TARGET_URL: `http://127.0.0.1:${servicePort}` },
    /** @type {NodeJS.ProcessEnv} */
    webhookEnv: { ...env, WEBHOOK_HOST: "127.0.0.1", WEBHOOK_PORT: String(webhook.port) },
  };
}

/** @param {ExampleSettings} settings @returns {{ before: LocalPart[], after: LocalPart[] }} the service */
export function exampleParts({ webhook, webhookEnv, traffic, trafficEnv }) {
  /** @type {LocalPart} */
  const receiver = {
    name: "webhook",
    args: ["scripts/example/webhook.ts"],
    env: webhookEnv,
    shown: "warnings",
    readyUrl: `http://127.0.0.1:${webhook.port}/healthz`,
  };
  /** @type {LocalPart} */
  const generator = { name: "traffic", args: ["scripts/example/traffic.ts"], env: trafficEnv, shown: "warnings" };
  return { before: [receiver], after: traffic ? [generator] : [] };
}

/** @param {string} serviceUrl @param {string} credentials a header @returns {string[]} commands to try */
export function exampleCommands(serviceUrl, credentials) {
  return [
    `curl '${serviceUrl}/api/automations/marketplace?limit=3'`,
    `curl -H "${credentials}" ${serviceUrl}/api/automations/1`,
  ];
}

/**
 * Counts the warnings that the traffic provokes on purpose, and shows their number beside the addresses instead: one by one they
 * would scroll everything else away.
 * @param {{ serviceUrl: string, traces: string, progress: ReturnType<typeof import("./progress.js").createProgress> }} options
 */
export function summariseTraffic({ serviceUrl, traces, progress }) {
  let slow = 0;
  let shownAt = performance.now();
  let shown = "";
  const timer = setInterval(update, progress.live ? 2000 : 5000);

  async function update() {
    const counts = await requestCounts(serviceUrl);
    const warned = `${slow} slow, ${counts.failed} failed`;
    const text = `${counts.all} requests, ${warned} (-- --logs shows each)`;
    if (progress.live) return progress.status(`  service ${serviceUrl}  traces ${traces}  ${text}`);
    if (warned === shown || performance.now() - shownAt < 60_000) return;
    [shownAt, shown] = [performance.now(), warned];
    progress.print(`traffic | ${text}`);
  }

  return {
    /** @param {string} line of the service @returns {boolean} whether it is among those that are only counted */
    takes(line) {
      const kind = exampleLine(line);
      if (kind === "slow") slow += 1;
      return kind !== undefined;
    },
    close() {
      clearInterval(timer);
      progress.status("");
    },
  };
}

/** @param {string} serviceUrl @returns {Promise<{ all: number, failed: number }>} without probes */
async function requestCounts(serviceUrl) {
  /** @type {{ endpoints?: Record<string, { request_count: number, error_count: number }> }} */
  const { endpoints = {} } = await fetch(`${serviceUrl}/metrics`, { signal: AbortSignal.timeout(2000) })
    .then((response) => /** @type {any} */ (response.json()))
    .catch(() => ({}));
  const counts = { all: 0, failed: 0 };
  for (const [name, { request_count, error_count }] of Object.entries(endpoints)) {
    if (/ \/(?:health|metrics)/.test(name)) continue;
    counts.all += request_count;
    counts.failed += error_count;
  }
  return counts;
}
