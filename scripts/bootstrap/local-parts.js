// The parts of `npm run local` besides the database, in start order. They stop in reverse order.
import { join } from "node:path";
import { serviceCommand } from "./service-command.js";

/**
 * @typedef {object} LocalPart
 * @property {string} name
 * @property {string[]} args arguments for Node
 * @property {NodeJS.ProcessEnv} env
 * @property {"all" | "warnings" | "nothing"} shown which output goes to the terminal
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
    args: ["scripts/example/webhook.ts"],
    env: settings.webhookEnv,
    shown: "warnings",
    readyUrl: `http://127.0.0.1:${ports.webhook.port}/healthz`,
  };
  /** @type {LocalPart} */
  const viewer = {
    name: "viewer",
    // the service sends OTLP over HTTP, so any free port works for gRPC
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
    // with --watch you may fix an error in the code while this waits
    readyLimitMs: watch ? Number.POSITIVE_INFINITY : 60_000,
  };
  /** @type {LocalPart} */
  const generator = {
    name: "traffic",
    args: ["scripts/example/traffic.ts"],
    env: settings.trafficEnv,
    shown: "warnings",
  };
  return [webhook, ...(ownViewer ? [viewer] : []), service, ...(traffic ? [generator] : [])];
}
