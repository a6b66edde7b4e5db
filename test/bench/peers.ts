// The compared servers, all with the same endpoints and database, started like in production.
import { createRequire } from "node:module";
import { serviceCommand } from "../../scripts/bootstrap/service-command.js";
import { root } from "../support/helper.ts";

export interface Peer {
  name: string;
  title: string;
  /** Whether it traces its requests and exports the traces. */
  traced: boolean;
  /** Node's arguments: options and file. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** The base of all ratios. */
export const baseName = "koa";

/** Loaded first in each peer. */
export const probe = file("peers/probe.cjs");
/** For peers with the standard telemetry, set up as documented; installed with the peers. */
const register = () => createRequire(probe).resolve("@opentelemetry/auto-instrumentations-node/register");
/** Its default, `all`, asks the network which cloud this is. */
const standard = { OTEL_NODE_RESOURCE_DETECTORS: "serviceinstance,process" };

/** Like `npm start`, from any folder. */
const start = serviceCommand.map((argument) => argument.replace(/^(?:\.\/)?src\//, `${root}/src/`));

const template = {
  args: start.toSpliced(-1, 0, "--import", file("template/with-routes.ts")),
  env: {
    // Like in the Dockerfile.
    APP_ENV: "production",
    OTEL_NODE_RESOURCE_DETECTORS: "service,process",
    HOST: "127.0.0.1",
    JWT_SECRET: "a-secret-for-the-benchmark-of-the-service",
    // Like all others.
    DB_POOL_LIMIT: "10",
    DB_POOL_MAX_IDLE: "10",
    // Counts every request but refuses none, because all come from one address.
    RATE_LIMIT_PER_MINUTE: "1000000",
    // There is no load balancer to wait for.
    SHUTDOWN_DELAY_MS: "0",
  },
};

export function allPeers(): Peer[] {
  return [
    { name: "http", title: "node:http", traced: false, args: [file("peers/http.cjs")], env: {} },
    { name: "koa", title: "Koa", traced: false, args: [file("peers/koa.cjs")], env: {} },
    { name: "template", title: "template, as shipped", traced: true, ...template },
    {
      name: "template-standard",
      title: "template, standard telemetry",
      traced: true,
      args: template.args,
      env: { ...template.env, TELEMETRY_MODE: "standard" },
    },
    {
      name: "template-off",
      title: "template, OTEL_SDK_DISABLED",
      traced: false,
      args: template.args,
      env: { ...template.env, OTEL_SDK_DISABLED: "true" },
    },
    {
      name: "fastify",
      title: "Fastify, auto-instrumented",
      traced: true,
      args: ["--require", register(), file("peers/fastify.cjs")],
      env: standard,
    },
    {
      name: "express",
      title: "Express, auto-instrumented",
      traced: true,
      args: ["--require", register(), file("peers/express.cjs")],
      env: standard,
    },
  ];
}

function file(path: string): string {
  return `${import.meta.dirname}/${path}`;
}
