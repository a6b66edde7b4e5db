// An identity provider for tests: keys, tokens, and a JWKS endpoint that can fail.
import { once } from "node:events";
import { createServer } from "node:http";
import {
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import { addressOf } from "../../support/helper.ts";

export const issuer = "https://issuer.example";
export const audience = "the-service";
export const nowS = 1_800_000_000;

/** Claims of a token that is valid for ten minutes from {@link nowS}. */
export const goodClaims: JWTPayload = { iss: issuer, aud: audience, sub: "alice", iat: nowS, exp: nowS + 600 };

export type SigningKey = Parameters<InstanceType<typeof SignJWT>["sign"]>[0];

export function sign(key: SigningKey, header: JWTHeaderParameters, claims: JWTPayload = goodClaims): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** Generates a key pair, with the public key also as a JWK. */
export async function keyPair(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** Starts a JWKS endpoint. `mode` sets how it responds; `requests` counts the requests. */
export async function startJwks(keys: JSONWebKeySet["keys"]) {
  const state = { keys, requests: 0, mode: "up" as "up" | "failing" | "hanging" };
  const server = createServer((_request, response) => {
    state.requests += 1;
    if (state.mode === "hanging") return;
    response.statusCode = state.mode === "up" ? 200 : 500;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: state.keys }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    state,
    url: `${addressOf(server.address())}/jwks`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
