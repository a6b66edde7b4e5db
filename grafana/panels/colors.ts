// Colours that mean the same on every panel. None is green, yellow or red: those say how bad something is (severities.ts).

/** What a request waits for, or its own code: where its time goes, in the order in which it usually does. */
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
  // What is waiting has the colour of the phase that it is in.
  queued: phases.queue,
  "waiting for a connection": phases.pool,
  "in use": phases.query,
  idle: "super-light-purple",
  running: phases.own,
} as const;
