// The stack under test: this repository's compose file as a separate project on free ports, so that it can run next to a stack that
// you work with.
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));

/** Unique per checkout, so that leftovers of an earlier run are found and removed. */
const project = `stack-test-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`;
const [app, mysql, otlp, jaeger, prometheus, logs, grafana] = await freePorts(7);

/** Addresses of the stack's servers. */
export const addresses = {
  app: `http://127.0.0.1:${app}`,
  otlp: `http://127.0.0.1:${otlp}`,
  jaeger: `http://127.0.0.1:${jaeger}`,
  prometheus: `http://127.0.0.1:${prometheus}`,
  logs: `http://127.0.0.1:${logs}`,
  grafana: `http://127.0.0.1:${grafana}`,
};

/**
 * The environment of every docker command. Sets everything that docker-compose.yml reads, so that neither the caller's variables nor
 * a .env affect the stack.
 */
export const environment = {
  ...process.env,
  COMPOSE_PROJECT_NAME: project,
  COMPOSE_ANSI: "never",
  APP_PORT: String(app),
  MYSQL_PORT: String(mysql),
  OTLP_PORT: String(otlp),
  JAEGER_PORT: String(jaeger),
  PROMETHEUS_PORT: String(prometheus),
  LOGS_PORT: String(logs),
  GRAFANA_PORT: String(grafana),
  // example: begin
  // Only the tests send requests, so that counts are exact.
  TRAFFIC: "off",
  TRAFFIC_RATE: "5",
  API_KEY: "development-key",
  // example: end
  TRACES_KEPT_PERCENT: "100",
  API_KEYS: "",
  FAULTS: "on",
};

/** Ignores the user's override files. */
const composeArguments = ["compose", "--file", "docker-compose.yml", "--file", "test/stack/compose.override.yml"];
/** Kills the running docker commands. */
const interrupted = new AbortController();
/** The tests are over, so nothing needs to stop gracefully. */
const removeArguments = [...composeArguments, "down", "--volumes", "--remove-orphans", "--timeout", "1"];

/** Runs `docker` with `args` and resolves to its stdout. Rejects with its stderr. */
export async function docker(args: readonly string[], variables: Record<string, string> = {}): Promise<string> {
  const env = { ...environment, ...variables };
  const options = { cwd: root, env, signal: interrupted.signal, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run("docker", [...args], options);
  return stdout;
}

/** Runs `docker compose` with `args` on the project under test. */
export function compose(args: readonly string[], variables?: Record<string, string>): Promise<string> {
  return docker([...composeArguments, ...args], variables);
}

/** The services as configured. */
export const { services: configured } = z
  .object({ services: z.record(z.string(), z.object({ image: z.string(), healthcheck: z.unknown().optional() })) })
  .parse(JSON.parse(await compose(["config", "--format", "json"])));

/**
 * Runs promtool from docker-compose.yml's Prometheus image in otel/rules, read-only and without a network. `leastPriority`: only on
 * a CPU that nothing else needs.
 */
export async function promtool(args: readonly string[], { leastPriority = false } = {}): Promise<string> {
  const image = configured.prometheus?.image ?? "";
  const mounted = ["--volume", `${join(root, "otel")}:/otel:ro`, "--workdir", "/otel/rules"];
  const shares = leastPriority ? ["--cpu-shares", "2"] : [];
  return docker([
    "run",
    "--rm",
    "--network",
    "none",
    ...shares,
    ...mounted,
    "--entrypoint",
    "promtool",
    image,
    ...args,
  ]);
}

/** `down` does not remove containers of `docker compose run`, and therefore not the network. */
const listArguments = ["ps", "--all", "--quiet", "--filter", `label=com.docker.compose.project=${project}`];

/** Removes the project's containers, networks and volumes. */
export async function remove(): Promise<void> {
  const ids = idsOf(await docker(listArguments));
  if (ids.length > 0) await docker(["rm", "--force", ...ids]);
  await docker(removeArguments);
}

function idsOf(list: string): string[] {
  return list.split("\n").filter((id) => id !== "");
}

/** The same for a process that is about to exit: first stops the running docker commands. */
export function removeNow(): void {
  interrupted.abort();
  const options = { cwd: root, env: environment } as const;
  const { stdout } = spawnSync("docker", listArguments, { ...options, encoding: "utf8" });
  spawnSync("docker", ["rm", "--force", ...idsOf(stdout)], { ...options, stdio: "ignore" });
  spawnSync("docker", removeArguments, { ...options, stdio: "inherit" });
}

const containerSchema = z.object({
  Id: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string() }).optional(),
  }),
  HostConfig: z.object({ ReadonlyRootfs: z.boolean(), Memory: z.number() }),
});

/** Docker's information about a service's container. */
export async function container(service: string): Promise<z.infer<typeof containerSchema>> {
  const id = (await compose(["ps", "--all", "--quiet", service])).trim();
  const [found] = z.array(containerSchema).parse(JSON.parse(await docker(["inspect", id])));
  if (found === undefined) throw new Error(`${service} has no container`);
  return found;
}

/** Whether `image` is on this machine or can be pulled. Only requests its manifest, with a short timeout. */
export async function available(image: string): Promise<boolean> {
  const asked = [
    ["image", "inspect", image],
    ["manifest", "inspect", image],
  ];
  for (const args of asked) {
    const found = await run("docker", args, { env: environment, timeout: 15_000 }).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** Different ports that are currently free. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
