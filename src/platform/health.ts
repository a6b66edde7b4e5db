// Answers the probes of load balancers and orchestrators ahead of everything else: never queued, limited or authenticated.
import type { Middleware } from "./http.ts";
import { nameRoute } from "./route-match.ts";

interface Health {
  /** False from the moment the process is told to stop. */
  accepting: () => boolean;
  /** Resolves when the database answers, rejects when it does not. */
  ping: () => Promise<void>;
}

/** `GET /health` for people, `/health/live` (the process runs) and `/health/ready` (send traffic here) for probes. */
export function health({ accepting, ping }: Health): Middleware {
  const databaseUp = () =>
    ping().then(
      () => true,
      () => false,
    );
  return async function health(ctx, next) {
    if (ctx.method !== "GET" && ctx.method !== "HEAD") return next();
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
        const database = await databaseUp();
        ctx.body = {
          status: database ? "healthy" : "degraded",
          timestamp: Date.now() / 1000,
          uptime_seconds: process.uptime(),
          database: database ? "up" : "down",
        };
        break;
      }
      default:
        return next();
    }
    nameRoute(ctx.path);
    ctx.set("Cache-Control", "no-store");
  };
}
