// What `npm run local` runs besides the database, in the order of starting; it is stopped in the opposite order.
import { join } from "node:path";
import { serviceCommand } from "./service-command.js";

/**
 * @typedef {object} LocalPart
 * @property {string} name
 * @property {string[]} args of Node
 * @property {NodeJS.ProcessEnv} env
 * @property {"all" | "warnings" | "nothing"} shown how much of its output goes to the terminal
 * @property {string} [readyUrl] answers 2xx once it is ready
 * @property {number} [readyLimitMs]
 */

const VIEWER = join("node_modules", "autotel-devtools", "dist", "cli.js");

/**
 * @param {ReturnType<typeof import("./settings.js").localSettings>} settings
 * @param {string} mysqlUrl
 * @returns {LocalPart[]}
 */
export function localParts({ env, ports, watch, traffic, ownViewer, ...settings }, mysqlUrl) {
  /** @type {LocalPart} */
  const webhook = {
    name: "webhook",
    args: ["scripts/webhook.ts"],
    env: settings.webhookEnv,
    shown: "warnings",
    readyUrl: `http://127.0.0.1:${ports.webhook.port}/healthz`,
  };
  /** @type {LocalPart} */
  const viewer = {
    name: "viewer",
    // the service sends OTLP over HTTP, so any free port will do for gRPC
    args: [VIEWER, "--host", "127.0.0.1", "--port", String(ports.viewer.port), "--grpc-port", "0"],
    env,
    shown: "nothing",
    readyUrl: `${settings.viewerUrl}/healthz`,
  };
  /** @type {LocalPart} */
  const service = {
    name: "service",
    args: watch ? ["--watch", "--watch-preserve-output", ...serviceCommand] : serviceCommand,
    env: settings.serviceEnv(mysqlUrl),
    shown: watch ? "all" : "warnings",
    readyUrl: `${settings.serviceUrl}/health/ready`,
    // under --watch a mistake in the code is corrected while this waits
    readyLimitMs: watch ? Number.POSITIVE_INFINITY : 60_000,
  };
  /** @type {LocalPart} */
  const generator = { name: "traffic", args: ["scripts/traffic.ts"], env: settings.trafficEnv, shown: "warnings" };
  return [webhook, ...(ownViewer ? [viewer] : []), service, ...(traffic ? [generator] : [])];
}
