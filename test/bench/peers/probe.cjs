// Loaded into every server ahead of it: tells the benchmark what the process has used, and ends it with the benchmark.
process.on("message", () => {
  process.send({ cpu: process.cpuUsage(), memory: process.memoryUsage.rss() });
});
process.once("disconnect", () => process.exit());
