// A second collector with the same configuration, next to the stack's own, which sends to the same Jaeger and Prometheus but keeps
// a smaller share of the traces.
import { compose, docker, freePorts } from "./compose.ts";
import { eventually } from "./eventually.ts";

export interface Collector {
  /** Its OTLP address. */
  url: string;
  /** The sum of its own metric's samples with these labels. */
  value(metric: string, labels?: Record<string, string>): Promise<number>;
  stop(): Promise<void>;
}

/** Starts it with `TRACES_KEPT_PERCENT`, which docker-compose.yml passes on. */
export async function startCollector(keptPercent: number): Promise<Collector> {
  const [otlp, metrics] = await freePorts(2);
  const published = ["--publish", `127.0.0.1:${otlp}:4318`, "--publish", `127.0.0.1:${metrics}:8888`];
  const run = ["run", "--detach", "--rm", "--no-deps", ...published, "otel-collector"];
  const id = (await compose(run, { TRACES_KEPT_PERCENT: String(keptPercent) })).trim();

  async function samples(): Promise<string[]> {
    const response = await fetch(`http://127.0.0.1:${metrics}/metrics`, { signal: AbortSignal.timeout(5000) });
    return (await response.text()).split("\n");
  }
  // It accepts spans before it serves its metrics.
  await eventually(30, samples);

  return {
    url: `http://127.0.0.1:${otlp}`,
    async value(metric, labels = {}) {
      const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
      return (await samples())
        .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
        .filter((line) => wanted.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    stop: async () => void (await docker(["rm", "--force", id])),
  };
}
