// One counter for the log lines that did not arrive, wherever they were meant to go.
import { metrics } from "@opentelemetry/api";

/** Counts in `log.lines.lost` what `lost` returns: the lines that `destination` has not accepted since startup. */
export function countLostLines(destination: "stdout" | "otlp", lost: () => number): void {
  metrics
    .getMeter("log")
    .createObservableCounter("log.lines.lost", {
      description: "Log lines dropped because their destination did not accept them",
      unit: "{line}",
    })
    .addCallback((result) => result.observe(lost(), { destination }));
}
