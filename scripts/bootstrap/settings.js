// The settings of `npm run local`: the shell's variables override .env, which overrides the defaults here.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import util from "node:util";
// example: begin
import { exampleOptions, exampleSettings } from "./example.js";
// example: end
import { Failure } from "./failure.js";
import { readPort } from "./ports.js";

const inspectOption = /^--inspect(?:=.+)?$/;

/**
 * @param {Record<string, string | undefined>} shell the process's environment
 * @param {string} dotenv the text of .env, empty without the file
 * @param {string[]} args the command line
 */
export function localSettings(shell, dotenv, args) {
  const options = ["--watch", "--logs"];
  // example: begin
  options.push(...exampleOptions);
  // example: end
  const unknown = args.find((arg) => !options.includes(arg) && !inspectOption.test(arg));
  if (unknown !== undefined) {
    throw new Failure(`${unknown} is not an option: there are ${options.join(", ")} and --inspect[=host:port].`);
  }
  // an empty value counts as unset, like in the service
  const entries = Object.entries({ ...util.parseEnv(dotenv), ...shell }).filter(([, value]) => value !== "");
  /** @type {NodeJS.ProcessEnv} */
  const env = Object.fromEntries(entries);

  const service = readPort(env, "PORT", 8000, "the service");
  const viewer = readPort(env, "VIEWER_PORT", 4318, "the traces page");
  const viewerUrl = `http://127.0.0.1:${viewer.port}`;
  // telemetry that goes elsewhere needs no viewer here
  const ownViewer = env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined;
  const ports = ownViewer ? [service, viewer] : [service];
  // example: begin
  const example = exampleSettings(env, args, { servicePort: service.port, readPort });
  ports.push(example.webhook);
  // example: end
  // the viewer always responds with JSON, which the exporter reports as an error unless it sends JSON
  const viewerExport = {
    OTEL_EXPORTER_OTLP_ENDPOINT: viewerUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    // it shows log lines too, under their traces
    OTEL_LOGS_EXPORTER: "otlp",
  };
  const watch = args.includes("--watch");
  return {
    env,
    /** All that must be free. */
    ports,
    viewerPort: viewer.port,
    watch,
    /** Whether every line of the service goes to the terminal. */
    allLines: watch || args.includes("--logs"),
    /** For Node: opens the service to a debugger. */
    inspect: args.filter((arg) => inspectOption.test(arg)),
    serviceUrl: `http://127.0.0.1:${service.port}`,
    viewerUrl,
    ownViewer,
    /** Where the traces are. */
    traces: ownViewer ? viewerUrl : `sent to ${env.OTEL_EXPORTER_OTLP_ENDPOINT} (OTEL_EXPORTER_OTLP_ENDPOINT)`,
    // example: begin
    example,
    // example: end
    /** @param {string} mysqlUrl @returns {NodeJS.ProcessEnv} */
    serviceEnv: (mysqlUrl) => ({
      APP_ENV: "development",
      HOST: "127.0.0.1",
      SHUTDOWN_DELAY_MS: "0",
      // a restart must not wait for slow requests
      ...(watch && { SHUTDOWN_TIMEOUT_MS: "200" }),
      // example: begin
      ...example.serviceEnv,
      // example: end
      ...(ownViewer && viewerExport),
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
      ...env,
      PORT: String(service.port),
      // its health must be on the same port as its routes
      ADMIN_PORT: "",
      MYSQL_URL: mysqlUrl,
    }),
  };
}

/** The settings of this process, with .env as it is now. @param {string} root the repository */
export async function readSettings(root) {
  const dotenv = await readFile(join(root, ".env"), "utf8").catch(() => "");
  return localSettings(process.env, dotenv, process.argv.slice(2));
}
