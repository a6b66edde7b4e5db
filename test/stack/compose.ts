// The stack under test: the compose file of this repository as a project of its own, on free ports, so that it runs beside
// the stack that somebody works with.
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));

/** One name for each checkout: what an earlier run may have left behind is found and removed. */
const project = `stack-test-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`;
const [app, mysql, otlp, jaeger, prometheus, grafana] = await freePorts(6);

/** Where the stack's servers answer. */
export const addresses = {
  app: `http://127.0.0.1:${app}`,
  otlp: `http://127.0.0.1:${otlp}`,
  jaeger: `http://127.0.0.1:${jaeger}`,
  prometheus: `http://127.0.0.1:${prometheus}`,
  grafana: `http://127.0.0.1:${grafana}`,
};

/**
 * The environment of every docker command. What docker-compose.yml reads is all set here, so that neither the caller's
 * variables nor a .env change the stack.
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
  GRAFANA_PORT: String(grafana),
  // The counts are exact: nobody but the tests sends requests, until the test of the generator.
  TRAFFIC: "off",
  TRAFFIC_RATE: "5",
  TRACES_KEPT_PERCENT: "100",
  API_KEY: "development-key",
  API_KEYS: "",
  FAULTS: "on",
};

/** Without an override file that somebody may have beside it. */
const composeArguments = ["compose", "--file", "docker-compose.yml"];
/** Ends the docker commands that run. */
const interrupted = new AbortController();
/** The tests are over: nothing needs the time to stop in good order. */
const removeArguments = [...composeArguments, "down", "--volumes", "--remove-orphans", "--timeout", "1"];

/** Runs `docker` with `args` and gives what it wrote to stdout. Rejects with what it wrote to stderr when it fails. */
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

/** Runs promtool out of the image that docker-compose.yml names for Prometheus, in otel/rules. Without a network, read-only. */
export async function promtool(args: readonly string[]): Promise<string> {
  const config = z
    .object({ services: z.object({ prometheus: z.object({ image: z.string() }) }) })
    .parse(JSON.parse(await compose(["config", "--format", "json"])));
  const { image } = config.services.prometheus;
  const mounted = ["--volume", `${join(root, "otel")}:/otel:ro`, "--workdir", "/otel/rules"];
  return docker(["run", "--rm", "--network", "none", ...mounted, "--entrypoint", "promtool", image, ...args]);
}

/** `down` leaves a container of `docker compose run` alone, and with it the network. */
const listArguments = ["ps", "--all", "--quiet", "--filter", `label=com.docker.compose.project=${project}`];

/** Removes everything of the project: containers, networks and volumes. */
export async function remove(): Promise<void> {
  const ids = idsOf(await docker(listArguments));
  if (ids.length > 0) await docker(["rm", "--force", ...ids]);
  await docker(removeArguments);
}

function idsOf(list: string): string[] {
  return list.split("\n").filter((id) => id !== "");
}

/** The same for a process that is about to end: stops what is being done to the project first. */
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

/** What Docker says about a service's container. */
export async function container(service: string): Promise<z.infer<typeof containerSchema>> {
  const id = (await compose(["ps", "--all", "--quiet", service])).trim();
  const [found] = z.array(containerSchema).parse(JSON.parse(await docker(["inspect", id])));
  if (found === undefined) throw new Error(`${service} has no container`);
  return found;
}

/** Whether `image` is on this machine or can be pulled. Asks the registry for its manifest only, and not for long. */
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

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a server on a port has a port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
