// What is compared: each a server with the same endpoints, on the same database, started as it is in production.
import { createRequire } from "node:module";
import { serviceCommand } from "../../scripts/bootstrap/service-command.js";
import { root } from "../support/helper.ts";

export interface Peer {
  name: string;
  title: string;
  /** Whether it traces its requests and sends the traces. */
  traced: boolean;
  /** Of node: options and file. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** All others are compared with it. */
export const baseName = "koa";

/** Ahead of everything else in each of them. */
export const probe = file("peers/probe.cjs");
/** For those whose telemetry is the standard one, as its documentation says; it is found beside the peers. */
const register = () => createRequire(probe).resolve("@opentelemetry/auto-instrumentations-node/register");
/** `all` is its default, and asks the network which cloud this is. */
const standard = { OTEL_NODE_RESOURCE_DETECTORS: "serviceinstance,process" };

/** As `npm start` does, from any folder. */
const start = serviceCommand.map((argument) => argument.replace(/^(?:\.\/)?src\//, `${root}/src/`));

const template = {
  args: start.toSpliced(-1, 0, "--import", file("template/with-routes.ts")),
  env: {
    // As in Dockerfile.
    APP_ENV: "production",
    OTEL_NODE_RESOURCE_DETECTORS: "service,process",
    HOST: "127.0.0.1",
    JWT_SECRET: "a-secret-for-the-benchmark-of-the-service",
    // As all others.
    DB_POOL_LIMIT: "10",
    DB_POOL_MAX_IDLE: "10",
    // It counts every request and refuses none: all come from one address.
    RATE_LIMIT_PER_MINUTE: "1000000",
    // No load balancer has to notice that it stops.
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
