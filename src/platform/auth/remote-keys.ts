// The public keys of an identity provider, from its JWKS URL. Requests use cached keys, which are refreshed in the background
// at a rate that no token can raise. During an outage the cached keys stay in use.
import type { JWTVerifyGetKey } from "jose";
import * as errors from "jose/errors";
import { createRemoteJWKSet } from "jose/jwks/remote";
import { reasonOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";
import { Problem } from "../request/problem.ts";

export interface RemoteKeysOptions {
  /** Refreshes keys older than this in the background, in milliseconds. Default: 300,000. */
  refreshMs?: number;
  /** Rejects keys older than this, so that a revoked key expires even if fetching is blocked. Default: 3,600,000. */
  keepMs?: number;
  /** Timeout of a fetch, in milliseconds. Default: 1500. */
  timeoutMs?: number;
  /** Minimum time between fetches for unknown key ids, and between any fetches while they fail. Default: 30,000. */
  cooldownMs?: number;
  /** Without any keys, refuses requests at once for this long after a failed fetch. Default: 1000. */
  retryMs?: number;
  /** Milliseconds on a monotonic clock. */
  now?: () => number;
}

/**
 * Returns a function that finds a token's key among those at `url`, and starts fetching them. It rejects with the Problem
 * dependency_failed (503) when no keys are available, and with jose's error when none of them matches.
 */
export function remoteKeys(url: string, log: Logger, options: RemoteKeysOptions = {}): JWTVerifyGetKey {
  const { refreshMs = 300_000, keepMs = 3_600_000, timeoutMs = 1500, cooldownMs = 30_000, retryMs = 1000 } = options;
  const now = options.now ?? (() => performance.now());
  // jose must never fetch by itself: its cooldown starts at a success, so in an outage every unknown key id would cause a
  // fetch.
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
  });
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let running: Promise<void> | undefined;

  /** Fetches the keys, once at a time. Never rejects. */
  function refresh(): Promise<void> {
    triedAt = now();
    running ??= keys
      .reload()
      .then(
        () => {
          fetchedAt = now();
          if (failing) log.info("the JWKS URL responds again");
          failing = false;
        },
        (error: unknown) => {
          if (!failing)
            log.warn({ reason: reasonOf(error) }, "cannot fetch the keys of the JWKS URL; logged once per outage");
          failing = true;
        },
      )
      .finally(() => {
        running = undefined;
        triedAt = now();
      });
    return running;
  }
  const triedWithin = (ms: number) => now() - triedAt < ms;
  const ageMs = () => now() - fetchedAt;
  void refresh();

  return async function keyOf(header, token) {
    if (ageMs() > keepMs) {
      if (running !== undefined || !triedWithin(retryMs)) await refresh();
      if (ageMs() > keepMs) throw new Problem("dependency_failed", { detail: "No keys to verify tokens with" });
    } else if (ageMs() > refreshMs && !triedWithin(cooldownMs)) {
      void refresh();
    }
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || (running === undefined && triedWithin(cooldownMs)))
        throw error;
      await refresh();
      return keys(header, token);
    }
  };
}
