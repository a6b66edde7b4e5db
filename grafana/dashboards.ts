// All dashboards, in reading order. A menu on each leads to the others.
import type { Controls } from "./builders/variables.ts";

/** A dashboard's identity and controls. `uid` is its address (/d/uid) and its file name. */
export type Frame = Controls & { readonly uid: string; readonly title: string; readonly description: string };

export const frames = {
  slowRequests: {
    uid: "slow-requests",
    title: "Slow requests",
    description: "Which requests are slow, and what they wait for.",
    byService: true,
    byRoute: true,
  },
  service: {
    uid: "service",
    title: "Service and protection",
    description: "Whether the service meets its targets, and what it refuses to meet them.",
    byService: true,
    byRoute: true,
  },
  database: {
    uid: "database",
    title: "Database",
    description: "What the queries cost, and how long requests wait for a connection.",
    byService: true,
    byRoute: false,
  },
  runtime: {
    uid: "runtime",
    title: "Runtime and telemetry",
    description: "How the process is doing, and whether all of its telemetry arrives.",
    byService: true,
    byRoute: false,
  },
  services: {
    uid: "services",
    title: "Overview of services",
    description: "How every service that sends its telemetry here is doing.",
    byService: false,
    byRoute: false,
  },
} as const satisfies Record<string, Frame>;
