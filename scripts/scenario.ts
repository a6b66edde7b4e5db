// `npm run scenario NAME`: makes a service slow in one way, for real, and has `npm run timeouts` find out why. --help says how.
import { parseArgs } from "node:util";
import { stopSignal } from "./bootstrap/stop-signal.js";
import { type Scenario, scenarios } from "./scenarios/catalog.ts";
import { conclusion, introduction, type Outcome } from "./scenarios/outcome.ts";
import { RunningService } from "./scenarios/running.ts";
import { type Protection, type Stage, Theatre } from "./scenarios/stage.ts";
import { analyse } from "./timeouts/analysis.ts";
import { BadUse } from "./timeouts/command/bad-use.ts";
import { ProgressLine } from "./timeouts/command/progress.ts";
import { Load } from "./timeouts/load/load-generator.ts";
import type { Report } from "./timeouts/report.ts";

const help = `npm run scenario NAME [-- --url ADDRESS | --compare] [-- --duration SECONDS] [-- --json]

Starts the service with a database of its own, makes it slow in one way, puts load on it, and says what npm run timeouts
finds. --compare does the same with PROTECTION=off and shows both; --json prints the reports. With OTEL_EXPORTER_OTLP_ENDPOINT
(docker compose: http://127.0.0.1:4318) it can be watched on the dashboards. --url takes a service that runs already, with
FAULTS=on (FAULTS=on docker compose up), and leaves it as it was. Exit code 1 when the cause that was provoked is not the one
that was found, 2 for bad use.

${["all", ...scenarios.map(({ name }) => name)].map((name) => `  ${name}`).join("\n")}
`;

const stop = stopSignal(() => undefined);
const progress = new ProgressLine(process.stderr);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  progress.clear();
  if (!(error instanceof BadUse) && !stop.aborted) throw error;
  if (error instanceof BadUse) process.stderr.write(`scenario: ${error.message}\n`);
  process.exitCode = stop.aborted ? 130 : 2;
}

async function main(argv: string[]): Promise<number> {
  const { chosen, compare, json, seconds, url } = readArguments(argv);
  if (chosen.length === 0) {
    process.stdout.write(help);
    return 0;
  }
  const theatre = url === undefined ? new Theatre(stop) : new RunningService(url, stop);
  const outcomes: Outcome[] = [];
  try {
    await theatre.open((text) => progress.say(`database: ${text}`));
    for (const scenario of chosen) {
      const against = await theatre.reasonAgainst(scenario);
      if (against !== undefined && chosen.length === 1) throw new BadUse(`${scenario.name} ${against}`);
      if (!json) process.stdout.write(`${introduction(scenario)}\n`);
      if (against !== undefined) {
        process.stderr.write(`${scenario.name} is left out: it ${against}\n`);
        continue;
      }
      const stage = (protection: Protection) => theatre.stage({ protection, env: scenario.env ?? {} });
      const on = await play(() => stage("on"), scenario, "on", seconds);
      const off = compare ? await play(() => stage("off"), scenario, "off", seconds) : null;
      const outcome = { scenario: scenario.name, provoked: scenario.cause, found: on.verdict.cause, on, off };
      outcomes.push(outcome);
      progress.clear();
      if (!json) process.stdout.write(`${conclusion(outcome)}\n\n`);
    }
  } finally {
    await theatre.close();
  }
  if (json) process.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  return outcomes.every(({ provoked, found }) => provoked === found) ? 0 : 1;
}

async function play(
  setUp: () => Promise<Stage>,
  scenario: Scenario,
  protection: Protection,
  seconds: number,
): Promise<Report> {
  stop.throwIfAborted();
  progress.say(`${scenario.name}, protections ${protection}`);
  const stage = await setUp();
  const load = new Load();
  try {
    const more = await scenario.provoke(stage);
    const args = {
      url: new URL(stage.url),
      adminUrl: new URL(stage.url),
      perSecond: scenario.perSecond,
      seconds,
      timeoutMs: 5000,
      maxInFlight: 5000,
      headers: { "user-agent": "scenario", authorization: `Bearer ${stage.token}` },
      endpoints: [...scenario.endpoints, ...more],
      json: false,
      html: undefined,
      allowRemote: false,
    };
    return await analyse(args, args.endpoints, { load, progress, stop });
  } finally {
    await load.close();
    await stage.strike();
  }
}

function readArguments(argv: string[]) {
  const { values, positionals } = parse(argv);
  const [name, ...others] = positionals;
  if (others.length > 0) throw new BadUse(`one scenario at a time, or "all"; got ${positionals.join(", ")}`);
  const seconds = /^\d+$/.test(values.duration) ? Number(values.duration) : Number.NaN;
  if (!(seconds >= 1 && seconds <= 600)) {
    throw new BadUse(
      `--duration: got ${JSON.stringify(values.duration)}, takes a whole number of seconds from 1 to 600`,
    );
  }
  const chosen = values.help ? [] : scenarios.filter((one) => name === "all" || one.name === name);
  if (!values.help && chosen.length === 0) {
    const names = scenarios.map((one) => one.name).join(", ");
    throw new BadUse(
      `${name === undefined ? "which one?" : `no scenario is called ${JSON.stringify(name)}`} There are all, ${names}`,
    );
  }
  if (values.url !== undefined && values.compare) {
    throw new BadUse(
      "--compare starts the service without its protections, which one that runs cannot be: leave out --url",
    );
  }
  const url = values.url === undefined ? undefined : URL.parse(values.url);
  if (url === null) throw new BadUse(`--url: got ${JSON.stringify(values.url)}, takes http://host:port`);
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
    throw new BadUse(error instanceof Error ? (error.message.split(/[.\n]/, 1)[0] ?? "") : String(error));
  }
}
