// Responds to the probes of load balancers and orchestrators before anything else: never queued, rate-limited or authenticated.
import { context } from "@opentelemetry/api";
import type { Next } from "koa";
import type { BreakerState } from "../breaker/breaker.ts";
import type { PoolState } from "../database/telemetry.ts";
import { nameRoute } from "../http/router.ts";
import type { Context, Middleware } from "../http/types.ts";
import type { CpuWatch } from "../overload/cpu-watch.ts";
import type { MemoryWatch } from "../overload/memory-watch.ts";
import { withoutDeadline } from "../request/scope.ts";
import { untraced } from "../telemetry/untraced.ts";
import { sharedCheck } from "./shared-check.ts";

/** The paths that it answers. Probes repeat forever, and each would be a trace: see reporting/server-span.ts. */
export const healthPaths = ["/health", "/health/live", "/health/ready"] as const;

interface HealthOptions {
  version: string;
  /** False until the process is prepared, and once it has been told to stop. */
  accepting: () => boolean;
  database: { ping(): Promise<void>; state(): PoolState; readonly breakerState: BreakerState };
  outbound: { breakerStates(): Record<BreakerState, number> };
  memory: Pick<MemoryWatch, "percent" | "warning">;
  cpu: Pick<CpuWatch, "percent">;
}

/**
 * `GET /health` is for people and dashboards and always returns 200: healthy; degraded if the database is down or memory is
 * short; unhealthy if both, or while the process starts or stops. {@link MemoryWatch} and {@link CpuWatch} define the
 * percentages. Probes use `/health/live` (the process runs) and `/health/ready` (503 while starting or stopping, or without the
 * database).
 */
export function health({ version, accepting, database, outbound, memory, cpu }: HealthOptions): Middleware {
  /** Many callers share the result, so the ping belongs to no request: it doesn't end with the first one's, and has no span. */
  const ping = () => withoutDeadline(() => context.with(untraced(context.active()), () => database.ping()));
  const databaseUp = sharedCheck(
    async () => {
      // No ping while all connections are in use: it would have to wait for one along with the requests.
      const { used, limit } = database.state();
      if (used < limit) await ping();
    },
    { limitMs: 400, keepMs: 1000 },
  );
  return function health(ctx, next) {
    if (!ctx.path.startsWith("/health") || (ctx.method !== "GET" && ctx.method !== "HEAD")) return next();
    return respond(ctx, next);
  };

  async function respond(ctx: Context, next: Next): Promise<void> {
    switch (ctx.path) {
      case "/health/live":
        ctx.body = { status: "alive" };
        break;
      case "/health/ready": {
        const ready = accepting() && (await databaseUp());
        ctx.status = ready ? 200 : 503;
        ctx.body = { status: ready ? "ready" : "not ready" };
        break;
      }
      case "/health": {
        const up = await databaseUp();
        ctx.body = {
          status: statusOf(accepting(), up, memory.warning),
          timestamp: Date.now() / 1000,
          memory_percent: rounded(memory.percent),
          cpu_percent: rounded(cpu.percent),
          uptime_seconds: rounded(process.uptime()),
          version,
          dependencies: {
            database: { status: up ? "up" : "down", breaker: database.breakerState, connections: database.state() },
            outbound: { breakers: outbound.breakerStates() },
          },
        };
        break;
      }
      default:
        return next();
    }
    nameRoute(ctx, ctx.path);
    ctx.set("Cache-Control", "no-store");
  }
}

function statusOf(accepting: boolean, databaseUp: boolean, memoryShort: boolean): string {
  if (!accepting || (!databaseUp && memoryShort)) return "unhealthy";
  return databaseUp && !memoryShort ? "healthy" : "degraded";
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
