// Starts the stack before the first test and removes it after the last, even on failures in between.
import { available, compose, configured, remove, removeNow } from "./compose.ts";

/** Whether Grafana runs; without its image its tests are skipped. */
export let grafanaRuns = false;

export async function mochaGlobalSetup(): Promise<void> {
  removeWhenInterrupted();
  try {
    await remove();
    const image = configured.grafana?.image ?? "";
    grafanaRuns = await available(image);
    if (!grafanaRuns) say(`without Grafana: its image ${image} is not on this machine and cannot be pulled`);
    // By name, because a machine may lack Grafana's image.
    const names = Object.keys(configured).filter((name) => grafanaRuns || name !== "grafana");
    say(`building and starting ${names.join(", ")}`);
    const startedAt = performance.now();
    await compose(["up", "--detach", "--build", "--wait", "--wait-timeout", "300", ...names]);
    say(`all up after ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  } catch (error) {
    await printLogs();
    await remove();
    throw error;
  }
}

export async function mochaGlobalTeardown(): Promise<void> {
  await remove();
}

export const mochaHooks = {
  async afterEach(this: Mocha.Context): Promise<void> {
    if (this.currentTest?.state === "failed") await printLogs();
  },
};

function say(text: string): void {
  process.stdout.write(`  stack: ${text}\n`);
}

/** The end of every service's log, because a failure in one service often has its cause in another. */
async function printLogs(): Promise<void> {
  process.stdout.write(await compose(["logs", "--no-color", "--tail", "15"]).catch(String));
}

/** Mocha would wait for the running test on a signal; here everything is removed at once. */
function removeWhenInterrupted(): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.prependOnceListener(signal, () => {
      say(`${signal}: removing the stack`);
      removeNow();
      process.exit(code);
    });
  }
}
