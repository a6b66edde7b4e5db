// Loaded first in every server: reports the process's resource usage to the benchmark, and ends the process with it.
process.on("message", () => {
  process.send({ cpu: process.cpuUsage(), memory: process.memoryUsage.rss() });
});
process.once("disconnect", () => process.exit());
