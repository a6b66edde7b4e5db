// Signs tokens with the shared secret, for development and tests. In production an identity provider issues them.
import { createSecretKey } from "node:crypto";
import { SignJWT } from "jose/jwt/sign";

interface Signing {
  secret: string;
  issuer: string;
  audience: string;
}

/** Signs a JWT for `subject` that expires `ttlS` seconds after `nowS` (seconds since 1970). */
export function signDevelopmentToken(
  { secret, issuer, audience }: Signing,
  { subject, ttlS, nowS = Math.floor(Date.now() / 1000) }: { subject: string; ttlS: number; nowS?: number },
): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + ttlS)
    .sign(createSecretKey(secret, "utf8"));
}
