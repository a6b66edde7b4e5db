// The parts of `npm run local` besides the database, in start order. They stop in reverse order.
import { join } from "node:path";
// example: begin
import { exampleParts } from "./example.js";
// example: end
import { readServiceCommand } from "./service-command.js";

/** @typedef {ReturnType<typeof import("./settings.js").localSettings>} Settings */
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
const VIEWER_LOG_IDS = "./scripts/bootstrap/viewer-log-ids.js";

/** @param {Settings} settings @param {string} mysqlUrl @returns {LocalPart[]} */
export function localParts(settings, mysqlUrl) {
  const parts = [servicePart(settings, mysqlUrl)];
  if (settings.ownViewer) parts.unshift(viewerPart(settings));
  // example: begin
  const { before, after } = exampleParts(settings.example);
  parts.unshift(...before);
  parts.push(...after);
  // example: end
  return parts;
}

/** @param {Settings} settings @returns {LocalPart} */
function viewerPart({ env, viewerPort, viewerUrl }) {
  return {
    name: "viewer",
    // the service sends OTLP over HTTP, so any free port works for gRPC
    args: ["--import", VIEWER_LOG_IDS, VIEWER, "--host", "127.0.0.1", "--port", String(viewerPort), "--grpc-port", "0"],
    env,
    shown: "nothing",
    readyUrl: `${viewerUrl}/healthz`,
  };
}

/** @param {Settings} settings @param {string} mysqlUrl @returns {LocalPart} */
export function servicePart({ watch, inspect, allLines, serviceUrl, serviceEnv }, mysqlUrl) {
  return {
    name: "service",
    args: [...inspect, ...readServiceCommand()],
    env: serviceEnv(mysqlUrl),
    shown: allLines ? "all" : "warnings",
    readyUrl: `${serviceUrl}/health/ready`,
    // while watching, you may fix an error in the code while this waits
    readyLimitMs: watch ? Number.POSITIVE_INFINITY : 60_000,
  };
}
