// Checks JSON Web Tokens, and remembers for a while which ones were good: a signature costs more than many a handler.
import { createSecretKey, hash } from "node:crypto";
import type { JWTVerifyGetKey } from "jose";
import { jwtVerify } from "jose/jwt/verify";
import { LRUCache } from "lru-cache";
import { Problem } from "../request/problem.ts";

export interface JwtOptions {
  /** A shared secret, or a function that finds the public key of a token. */
  key: string | JWTVerifyGetKey;
  /** The only algorithms that are accepted, such as `["RS256"]`; HS256 goes with a secret and nothing else does. */
  algorithms: readonly string[];
  issuer: string;
  audience: string;
  /** How far the clocks of issuer and service may differ, in seconds. */
  clockToleranceS: number;
  /** Most good tokens that are remembered, about 200 bytes each. */
  cacheEntries?: number;
  /** For how long a good token is not checked again, in milliseconds, and never past its own end. */
  cacheMs?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** The subject of a good token. Rejects with what is wrong, or with a Problem when it cannot be checked now. */
export type TokenVerifier = (token: string) => Promise<string>;

/** Longer tokens are refused unread. */
const longestToken = 8192;
const longestSubject = 256;

interface Verified {
  subject: string;
  untilMs: number;
}

/**
 * Checks signature, algorithm, issuer, audience and times; `exp` and `sub` must be there.
 * Bad tokens are not remembered: they can neither displace good ones nor take memory.
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
      `these algorithms do not go with ${symmetric ? "a secret" : "public keys"}: ${algorithms.join()}`,
    );
  }
  const key = typeof options.key === "string" ? createSecretKey(options.key, "utf8") : options.key;
  // jose gives the algorithm to the key's finder; a secret is the same for all tokens.
  const findKey: JWTVerifyGetKey = typeof key === "function" ? key : () => key;
  const verified = new LRUCache<string, Verified>({ max: cacheEntries });

  return async function verifyToken(token) {
    if (token.length > longestToken) throw new RangeError("the token is too long");
    const digest = hash("sha256", token, "base64");
    const known = verified.get(digest);
    if (known !== undefined && now() < known.untilMs) return known.subject;
    if (!isCanonical(token)) throw new RangeError("the token is not spelled as it was made");
    const { payload } = await jwtVerify(token, findKey, {
      algorithms: [...algorithms],
      issuer,
      audience,
      clockTolerance: clockToleranceS,
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(now()),
    });
    const subject = payload.sub;
    // Subjects of the form `key:…` are those of API keys: an issuer cannot hand them out.
    if (typeof subject !== "string" || !isSubject(subject)) throw new RangeError("the subject is not usable");
    const untilMs = Math.min(now() + cacheMs, (payload.exp ?? 0) * 1000);
    if (untilMs > now()) verified.set(digest, { subject, untilMs });
    return subject;
  };
}

/** One spelling for each token: jose's decoder overlooks white space and unused bits, which would make many of one. */
function isCanonical(token: string): boolean {
  return token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

function isSubject(subject: string): boolean {
  return subject.length > 0 && subject.length <= longestSubject && !subject.startsWith("key:");
}

/** What a failed check means for the client: nothing that helps an attacker, and not an accusation when we cannot tell. */
export function asAuthProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem("unauthenticated", {
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
    cause: error,
  });
}
