// The panels' data sources. The uids are those of provisioning/datasources.
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";

export const prometheus = { type: "prometheus", uid: "prometheus" } as const satisfies DataSourceRef;
export const jaeger = { type: "jaeger", uid: "jaeger" } as const satisfies DataSourceRef;
