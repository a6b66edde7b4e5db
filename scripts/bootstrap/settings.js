// The settings of `npm run local`: the shell's variables override .env, which overrides the defaults here.
import util from "node:util";
import { Failure } from "./failure.js";

/** @typedef {{ variable: string, port: number, what: string }} PortSetting */

/**
 * @param {Record<string, string | undefined>} shell the process's environment
 * @param {string} dotenv the text of .env, empty without the file
 * @param {string[]} args the command line
 */
export function localSettings(shell, dotenv, args) {
  const unknown = args.find((arg) => !["--watch", "--traffic=off", "--traffic=on"].includes(arg));
  if (unknown !== undefined) throw new Failure(`${unknown} is not an option: there are --watch and --traffic=off.`);
  // an empty value counts as unset, like in the service
  const entries = Object.entries({ ...util.parseEnv(dotenv), ...shell }).filter(([, value]) => value !== "");
  /** @type {NodeJS.ProcessEnv} */
  const env = Object.fromEntries(entries);
  if (args.includes("--traffic=off")) env.TRAFFIC = "off";
  if (args.includes("--traffic=on")) env.TRAFFIC = "on";

  const service = readPort(env, "PORT", 8000, "the service");
  const viewer = readPort(env, "VIEWER_PORT", 4318, "the traces page");
  const webhook = readPort(env, "WEBHOOK_PORT", 9000, "the webhook receiver");
  const webhookUrl = `http://127.0.0.1:${webhook.port}/hooks`;
  const viewerUrl = `http://127.0.0.1:${viewer.port}`;
  // telemetry that goes elsewhere needs no viewer here
  const ownViewer = env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined;
  // the viewer always responds with JSON, which the exporter reports as an error unless it sends JSON
  const viewerExport = {
    OTEL_EXPORTER_OTLP_ENDPOINT: viewerUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    // it shows log lines too, under their traces
    OTEL_LOGS_EXPORTER: "otlp",
  };
  return {
    env,
    ports: { service, viewer, webhook },
    watch: args.includes("--watch"),
    traffic: env.TRAFFIC !== "off",
    serviceUrl: `http://127.0.0.1:${service.port}`,
    viewerUrl,
    ownViewer,
    /** @param {string} mysqlUrl @returns {NodeJS.ProcessEnv} */
    serviceEnv: (mysqlUrl) => ({
      APP_ENV: "development",
      HOST: "127.0.0.1",
      SHUTDOWN_DELAY_MS: "0",
      SEED_AUTOMATIONS: "10000",
      SEED_WEBHOOK_URL: webhookUrl,
      ...(ownViewer && viewerExport),
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
      ...env,
      PORT: String(service.port),
      // its health must be on the same port as its routes
      ADMIN_PORT: "",
      MYSQL_URL: mysqlUrl,
    }),
    /** @type {NodeJS.ProcessEnv} */
    trafficEnv: { WEBHOOK_URL: webhookUrl, ...env, TARGET_URL: `http://127.0.0.1:${service.port}` },
    /** @type {NodeJS.ProcessEnv} */
    webhookEnv: { ...env, WEBHOOK_HOST: "127.0.0.1", WEBHOOK_PORT: String(webhook.port) },
  };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} variable
 * @param {number} fallback
 * @param {string} what
 * @returns {PortSetting}
 */
function readPort(env, variable, fallback, what) {
  const text = env[variable] ?? String(fallback);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Failure(`${variable} is "${text}": it takes a port number from 1 to 65535.`);
  }
  return { variable, port, what };
}
