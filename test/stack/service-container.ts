// More containers of the service: each reports as a service of its own, so that what happened to one is not in the figures of another.
import { setTimeout as pause } from "node:timers/promises";
import { developmentToken, ServiceUnderTest } from "../../scripts/scenarios/service-under-test.ts";
import { compose, docker, freePorts } from "./compose.ts";

export interface ServiceContainer {
  /** Its service.name, and the container's name. */
  name: string;
  service: ServiceUnderTest;
  /** Removes the container. */
  remove(): Promise<void>;
}

/** Starts a container of the stack's service that reports as `name`. Resolves when it is ready. */
export async function startService(name: string): Promise<ServiceContainer> {
  const [port] = await freePorts(1);
  const container = (
    await compose([
      ...["run", "--detach", "--no-deps", "--publish", `127.0.0.1:${port}:8000`],
      // The default, which the stack under test shortens.
      ...["--env", `OTEL_SERVICE_NAME=${name}`, "--env", "BREAKER_RESET_MS=60000", "app"],
    ])
  ).trim();
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);
  const service = new ServiceUnderTest({
    url,
    token: await developmentToken(),
    freeze: async () => {
      await compose(["pause", "mysql"]);
    },
    stop: async () => {
      await compose(["unpause", "mysql"]).catch(() => {});
    },
  });
  return { name, service, remove: async () => void (await docker(["rm", "--force", container])) };
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isReady(url))) {
    if (performance.now() > deadline) throw new Error(`${url} is not ready after a minute`);
    await pause(250);
  }
}

function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
