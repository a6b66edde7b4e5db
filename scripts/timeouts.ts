// `npm run timeouts`: loads a service, checks it against five targets and reports why it is slow. See --help.
import { writeFile } from "node:fs/promises";
import { stopSignal } from "./bootstrap/stop-signal.js";
import { analyse } from "./timeouts/analysis.ts";
import { readArguments } from "./timeouts/command/arguments.ts";
import { help } from "./timeouts/command/help.ts";
import { ProgressLine } from "./timeouts/command/progress.ts";
import { UsageError } from "./timeouts/command/usage-error.ts";
import { Load } from "./timeouts/load/load-generator.ts";
import { asPage } from "./timeouts/output/html/page.ts";
import { asText } from "./timeouts/output/text.ts";
import { exitCodeOf } from "./timeouts/report.ts";
import { findEndpoints } from "./timeouts/service/endpoints.ts";
import { checkAllowed, checkReachable } from "./timeouts/service/target.ts";

const stop = stopSignal(() => undefined);
const progress = new ProgressLine(process.stderr);

try {
  process.exitCode = await timeouts(process.argv.slice(2));
} catch (error) {
  progress.clear();
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`timeouts: ${error.message}\n`);
  process.exitCode = 2;
}

async function timeouts(argv: readonly string[]): Promise<number> {
  const args = readArguments(argv);
  if (args === "help") {
    process.stdout.write(help);
    return 0;
  }
  checkAllowed(args.url, args.allowRemote);
  await checkReachable(args.url);
  const { endpoints, locked } =
    args.endpoints.length > 0 ? { endpoints: args.endpoints, locked: [] } : await findEndpoints(args);
  progress.say(`endpoints: ${endpoints.map(({ name }) => name).join(", ")}`);
  if (locked.length > 0) progress.say(`skipped, they need --token or --api-key: ${locked.join(", ")}`);

  const load = new Load();
  try {
    const report = await analyse(args, endpoints, { load, progress, stop });
    progress.clear();
    process.stdout.write(args.json ? `${JSON.stringify(report, undefined, 2)}\n` : asText(report));
    if (args.html !== undefined) {
      await writeFile(args.html, asPage(report));
      progress.say(`wrote ${args.html}`);
    }
    return exitCodeOf(report);
  } finally {
    await load.close();
  }
}
