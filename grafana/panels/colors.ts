// Colours with the same meaning on every panel. Green, yellow and red are reserved for severities (severities.ts).

/** The phases of a request, in their usual order. */
export const phases = {
  receive: "#7C8C4F",
  queue: "purple",
  auth: "super-light-blue",
  pool: "orange",
  query: "blue",
  outbound: "#2CB5AF",
  loop: "#E24D9E",
  own: "#8F96A3",
} as const;

export const colors = {
  p50: "#B8C4D6",
  p95: "#C9A06B",
  p99: "#A0522D",
  limit: "text",
  // Waiting requests have the colour of their phase.
  queued: phases.queue,
  "waiting for a connection": phases.pool,
  "in use": phases.query,
  idle: "super-light-purple",
  running: phases.own,
  others: "#5B6472",
} as const;
