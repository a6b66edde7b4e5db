// Colours that mean the same on every panel.
export const colors = {
  p50: "blue",
  p95: "orange",
  p99: "red",
  used: "orange",
  idle: "green",
  waiting: "red",
  limit: "text",
} as const;
