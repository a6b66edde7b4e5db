// All dashboards, in reading order. Each links to the others.

/** A dashboard's identity. `uid` is its address (/d/uid) and its file name. */
export type Frame = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** False where no panel can be filtered by route: the variable is then hidden but still passed on by links. */
  readonly byRoute: boolean;
};

export const frames = {
  slowRequests: {
    uid: "slow-requests",
    title: "Slow requests",
    description: "Which requests are slow, and what they wait for.",
    byRoute: true,
  },
  service: {
    uid: "service",
    title: "Service and protection",
    description: "Whether the service meets its targets, and what it refuses to meet them.",
    byRoute: true,
  },
  database: {
    uid: "database",
    title: "Database",
    description: "What the queries cost, and how long requests wait for a connection.",
    byRoute: false,
  },
  runtime: {
    uid: "runtime",
    title: "Runtime and telemetry",
    description: "How the process is doing, and whether all of its telemetry arrives.",
    byRoute: false,
  },
} as const satisfies Record<string, Frame>;
