// Where the panels' data comes from. The uids are those of provisioning/datasources.
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";

export const prometheus = { type: "prometheus", uid: "prometheus" } as const satisfies DataSourceRef;
export const jaeger = { type: "jaeger", uid: "jaeger" } as const satisfies DataSourceRef;

/** The log store's own page, as your browser reaches it: docker-compose.yml's LOGS_PORT on this machine. */
export const logsAddress = "http://127.0.0.1:9428";
