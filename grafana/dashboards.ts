// What dashboards there are, in the order in which they are read. Each links to the others.

/** A dashboard's identity. `uid` is its address (/d/uid) and its file's name. */
export type Frame = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** False where no panel can be narrowed to a route: the choice is carried along, not shown. */
  readonly byRoute: boolean;
};

export const frames = {
  slowRequests: {
    uid: "slow-requests",
    title: "Slow requests",
    description: "Which requests are slow, and what they waited for.",
    byRoute: true,
  },
  service: {
    uid: "service",
    title: "Service and protection",
    description: "Whether the service keeps its targets, and what it refuses in order to keep them.",
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
    description: "How the process is doing, and whether everything that it reports arrives.",
    byRoute: false,
  },
} as const satisfies Record<string, Frame>;
