// The load generator's interface to the rest of the program: one worker, one load at a time.
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { type LoadFigures, loadFiguresSchema, type Plan, type Progress, progressSchema } from "./load-figures.ts";

const reportSchema = z.union([z.object({ progress: progressSchema }), z.object({ figures: loadFiguresSchema })]);

export class Load {
  readonly #worker = new Worker(new URL("./generator.ts", import.meta.url));

  /** Runs `plan` and resolves to its figures when all requests have ended or `stop` is aborted. */
  async run(
    plan: Plan,
    stop: AbortSignal,
    onProgress: (progress: Progress) => void = () => undefined,
  ): Promise<LoadFigures> {
    const ended = Promise.withResolvers<LoadFigures>();
    const take = (message: unknown) => {
      const report = reportSchema.parse(message);
      if ("figures" in report) ended.resolve(report.figures);
      else onProgress(report.progress);
    };
    const halt = () => this.#worker.postMessage("stop");
    this.#worker.on("message", take).once("error", ended.reject);
    stop.addEventListener("abort", halt, { once: true });
    try {
      this.#worker.postMessage({ plan });
      if (stop.aborted) halt();
      return await ended.promise;
    } finally {
      this.#worker.off("message", take).off("error", ended.reject);
      stop.removeEventListener("abort", halt);
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
