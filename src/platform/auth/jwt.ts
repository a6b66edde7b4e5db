// Verifies JSON Web Tokens and caches valid ones for a while: checking a signature costs more than many handlers do.
import { createSecretKey, hash } from "node:crypto";
import type { JWTVerifyGetKey } from "jose";
import { jwtVerify } from "jose/jwt/verify";
import { LRUCache } from "lru-cache";
import { Problem } from "../request/problem.ts";

export interface JwtOptions {
  /** A shared secret, or a function that finds the public key for a token. */
  key: string | JWTVerifyGetKey;
  /** The accepted algorithms, such as `["RS256"]`. A secret requires HS algorithms, and public keys exclude them. */
  algorithms: readonly string[];
  issuer: string;
  audience: string;
  /** How far the clocks of issuer and service may differ, in seconds. */
  clockToleranceS: number;
  /** Maximum number of cached tokens, about 200 bytes each. Default: 10,000. */
  cacheEntries?: number;
  /** How long a valid token is cached, in milliseconds, but never past its expiry. Default: 60,000. */
  cacheMs?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Resolves with the subject of a valid token. Rejects with what is wrong, or with a Problem if it cannot check tokens now. */
export type TokenVerifier = (token: string) => Promise<string>;

/** Longer tokens are refused without parsing. */
const maxTokenLength = 8192;
const maxSubjectLength = 256;

interface Verified {
  subject: string;
  untilMs: number;
}

/**
 * Checks signature, algorithm, issuer, audience and times; `exp` and `sub` are required. Caches valid tokens only, so that
 * invalid ones can neither evict them nor use memory.
 */
export function jwtVerifier(options: JwtOptions): TokenVerifier {
  const {
    algorithms,
    issuer,
    audience,
    clockToleranceS,
    cacheEntries = 10_000,
    cacheMs = 60_000,
    now = Date.now,
  } = options;
  const symmetric = typeof options.key === "string";
  if (algorithms.length === 0 || algorithms.some((name) => name.startsWith("HS") !== symmetric || name === "none")) {
    throw new RangeError(
      `algorithms that cannot be used with ${symmetric ? "a secret" : "public keys"}: ${algorithms.join()}`,
    );
  }
  const key = typeof options.key === "string" ? createSecretKey(options.key, "utf8") : options.key;
  // jose calls a function for each token; a secret is the same for all of them.
  const findKey: JWTVerifyGetKey = typeof key === "function" ? key : () => key;
  const verified = new LRUCache<string, Verified>({ max: cacheEntries });

  return async function verifyToken(token) {
    if (token.length > maxTokenLength) throw new RangeError("the token is too long");
    const digest = hash("sha256", token, "base64");
    const cached = verified.get(digest);
    if (cached !== undefined && now() < cached.untilMs) return cached.subject;
    if (!isCanonical(token)) throw new RangeError("the token is not in canonical form");
    const { payload } = await jwtVerify(token, findKey, {
      algorithms: [...algorithms],
      issuer,
      audience,
      clockTolerance: clockToleranceS,
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(now()),
    });
    const subject = payload.sub;
    // An issuer must not impersonate API keys, whose subjects are `key:…`.
    if (typeof subject !== "string" || !isSubject(subject)) throw new RangeError("the subject is not usable");
    const untilMs = Math.min(now() + cacheMs, (payload.exp ?? 0) * 1000);
    if (untilMs > now()) verified.set(digest, { subject, untilMs });
    return subject;
  };
}

/** Accepts one spelling per token: jose's decoder ignores white space and unused bits, so each token would have many. */
function isCanonical(token: string): boolean {
  return token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

function isSubject(subject: string): boolean {
  return subject.length > 0 && subject.length <= maxSubjectLength && !subject.startsWith("key:");
}

/** Turns a failed check into a Problem that tells an attacker nothing. Keeps one that says the check was impossible. */
export function asAuthProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem("unauthenticated", {
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
    cause: error,
  });
}
