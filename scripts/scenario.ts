// `npm run scenario NAME`: makes a real service slow in one way and checks that `npm run timeouts` finds the cause. See --help.
import { parseArgs } from "node:util";
import { stopSignal } from "./bootstrap/stop-signal.js";
import { type Scenario, scenarios } from "./scenarios/catalog.ts";
import { conclusion, introduction, type Outcome } from "./scenarios/outcome.ts";
import { OwnHost, type Protection } from "./scenarios/own-host.ts";
import { RunningHost } from "./scenarios/running-host.ts";
import type { ServiceUnderTest } from "./scenarios/service-under-test.ts";
import { analyse } from "./timeouts/analysis.ts";
import { ProgressLine } from "./timeouts/command/progress.ts";
import { UsageError } from "./timeouts/command/usage-error.ts";
import { Load } from "./timeouts/load/load-generator.ts";
import type { Report } from "./timeouts/report.ts";

const help = `npm run scenario NAME [-- --url ADDRESS | --compare] [-- --duration SECONDS] [-- --json]

Starts the service with its own database, makes it slow in one way, loads it and prints what npm run timeouts finds.
--compare repeats it with PROTECTION=off and shows both; --json prints the reports. With OTEL_EXPORTER_OTLP_ENDPOINT
(docker compose: http://127.0.0.1:4318) you can watch it on the dashboards. --url uses a running service with FAULTS=on
(FAULTS=on docker compose up) and restores it afterwards. Exit code 1 when the cause found is not the one provoked,
2 for a usage error.

${["all", ...scenarios.map(({ name }) => name)].map((name) => `  ${name}`).join("\n")}
`;

const stop = stopSignal(() => undefined);
const progress = new ProgressLine(process.stderr);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  progress.clear();
  if (!(error instanceof UsageError) && !stop.aborted) throw error;
  if (error instanceof UsageError) process.stderr.write(`scenario: ${error.message}\n`);
  process.exitCode = stop.aborted ? 130 : 2;
}

async function main(argv: string[]): Promise<number> {
  const { chosen, compare, json, seconds, url } = readArguments(argv);
  if (chosen.length === 0) {
    process.stdout.write(help);
    return 0;
  }
  const host = url === undefined ? new OwnHost(stop) : new RunningHost(url, stop);
  const outcomes: Outcome[] = [];
  try {
    await host.open((text) => progress.say(`database: ${text}`));
    for (const scenario of chosen) {
      const obstacle = await host.obstacle(scenario);
      if (obstacle !== undefined && chosen.length === 1) throw new UsageError(`${scenario.name} ${obstacle}`);
      if (!json) process.stdout.write(`${introduction(scenario)}\n`);
      if (obstacle !== undefined) {
        process.stderr.write(`skipped ${scenario.name}: it ${obstacle}\n`);
        continue;
      }
      const service = (protection: Protection) => host.service({ protection, env: scenario.env ?? {} });
      const on = await run(() => service("on"), scenario, "on", seconds);
      const off = compare ? await run(() => service("off"), scenario, "off", seconds) : null;
      const outcome = { scenario: scenario.name, provoked: scenario.cause, found: on.verdict.cause, on, off };
      outcomes.push(outcome);
      progress.clear();
      if (!json) process.stdout.write(`${conclusion(outcome)}\n\n`);
    }
  } finally {
    await host.close();
  }
  if (json) process.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  return outcomes.every(({ provoked, found }) => provoked === found) ? 0 : 1;
}

async function run(
  setUp: () => Promise<ServiceUnderTest>,
  scenario: Scenario,
  protection: Protection,
  seconds: number,
): Promise<Report> {
  stop.throwIfAborted();
  progress.say(`${scenario.name}, protections ${protection}`);
  const service = await setUp();
  const load = new Load();
  try {
    await scenario.provoke(service);
    const args = {
      url: new URL(service.url),
      adminUrl: new URL(service.url),
      perSecond: scenario.perSecond,
      seconds,
      timeoutMs: 5000,
      maxInFlight: 5000,
      headers: { "user-agent": "scenario", authorization: `Bearer ${service.token}` },
      endpoints: [...scenario.endpoints],
      json: false,
      html: undefined,
      allowRemote: false,
    };
    return await analyse(args, args.endpoints, { load, progress, stop });
  } finally {
    await load.close();
    await service.restore();
  }
}

function readArguments(argv: string[]) {
  const { values, positionals } = parse(argv);
  const [name, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`takes one scenario, or "all"; got ${positionals.join(", ")}`);
  const seconds = /^\d+$/.test(values.duration) ? Number(values.duration) : Number.NaN;
  if (!(seconds >= 1 && seconds <= 600)) {
    throw new UsageError(
      `--duration: got ${JSON.stringify(values.duration)}, takes a whole number of seconds from 1 to 600`,
    );
  }
  const chosen = values.help ? [] : scenarios.filter((one) => name === "all" || one.name === name);
  if (!values.help && chosen.length === 0) {
    const names = scenarios.map((one) => one.name).join(", ");
    throw new UsageError(
      `${name === undefined ? "name a scenario" : `unknown scenario ${JSON.stringify(name)}`}: all, ${names}`,
    );
  }
  if (values.url !== undefined && values.compare) {
    throw new UsageError("--compare has to start the service without its protections: leave out --url");
  }
  const url = values.url === undefined ? undefined : URL.parse(values.url);
  if (url === null) throw new UsageError(`--url: got ${JSON.stringify(values.url)}, takes http://host:port`);
  return { chosen, compare: values.compare, json: values.json, seconds, url };
}

function parse(args: string[]) {
  const options = {
    compare: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    duration: { type: "string", default: "15" },
    url: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split(/[.\n]/, 1)[0] ?? "") : String(error));
  }
}
