// An identity provider for the tests: keys, tokens that are good or wrong in one way, and a JWKS address that can fail.
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

/** Claims of a token that is good at {@link nowS} for ten minutes. */
export const goodClaims: JWTPayload = { iss: issuer, aud: audience, sub: "alice", iat: nowS, exp: nowS + 600 };

export type SigningKey = Parameters<InstanceType<typeof SignJWT>["sign"]>[0];

export function sign(key: SigningKey, header: JWTHeaderParameters, claims: JWTPayload = goodClaims): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** A new pair of keys with its public half as a JWK. */
export async function keyPair(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** A JWKS address; `mode` says how it answers, `asked` counts the requests. */
export async function startJwks(keys: JSONWebKeySet["keys"]) {
  const state = { keys, asked: 0, mode: "up" as "up" | "failing" | "hanging" };
  const server = createServer((_request, response) => {
    state.asked += 1;
    server.emit("asked");
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
