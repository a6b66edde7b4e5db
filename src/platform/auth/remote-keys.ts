// The public keys of an identity provider, from its JWKS address. Requests use the keys that are at hand; fetching happens
// beside them, at a pace that no token can raise, and an outage is survived on the keys that were fetched before it.
import type { JWTVerifyGetKey } from "jose";
import * as errors from "jose/errors";
import { createRemoteJWKSet } from "jose/jwks/remote";
import { reasonOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";
import { Problem } from "../request/problem.ts";

export interface RemoteKeysOptions {
  /** Keys older than this are fetched anew in the background, in milliseconds. */
  refreshMs?: number;
  /** Keys older than this are used no more: a withdrawn key is good for no longer, whoever blocks the fetching. */
  keepMs?: number;
  /** The longest that fetching takes. */
  timeoutMs?: number;
  /** An unknown key id fetches at most once in this time; so does anything else while fetching fails. */
  cooldownMs?: number;
  /** With no keys at all, the pause after a failed fetch in which requests are refused at once. */
  retryMs?: number;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

/**
 * Finds the key of a token among those at `url`. Fetches them at once.
 * Problem dependency_failed (503) when there are none and none can be fetched; jose's error when none is the token's.
 */
export function remoteKeys(url: string, log: Logger, options: RemoteKeysOptions = {}): JWTVerifyGetKey {
  const { refreshMs = 300_000, keepMs = 3_600_000, timeoutMs = 1500, cooldownMs = 30_000, retryMs = 1000 } = options;
  const now = options.now ?? (() => performance.now());
  // jose never fetches by itself: its own pace knows successes only, so unknown key ids would fetch without a pause in an outage.
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
  });
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let running: Promise<void> | undefined;

  /** One fetch at a time; never rejects. */
  function refresh(): Promise<void> {
    triedAt = now();
    running ??= keys
      .reload()
      .then(
        () => {
          fetchedAt = now();
          if (failing) log.info("the JWKS address answers again");
          failing = false;
        },
        (error: unknown) => {
          if (!failing)
            log.warn(
              { reason: reasonOf(error) },
              "the keys of the JWKS address cannot be fetched; said once an outage",
            );
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
      if (ageMs() > keepMs) throw new Problem("dependency_failed", { detail: "No keys to check tokens with" });
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
