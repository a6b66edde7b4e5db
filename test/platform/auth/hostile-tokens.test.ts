import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { UnsecuredJWT } from "jose";
import { startService } from "../../support/helper.ts";
import { keyPair, sign, startJwks } from "./provider.ts";

const issuer = "https://issuer.example";
const audience = "the-service";
const secret = "a-secret-of-this-test-only-32-characters";
const claims = () => {
  const nowS = Math.floor(Date.now() / 1000);
  return { iss: issuer, aud: audience, sub: "alice", iat: nowS, exp: nowS + 600 };
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Tokens that are each invalid in one way. `signed` turns claims into a valid token. */
async function hostile(signed: (claims: object, header?: object) => Promise<string>): Promise<Record<string, string>> {
  const good = claims();
  const [header = "", payload = "", signature = ""] = (await signed(good)).split(".");
  return {
    none: new UnsecuredJWT(good).encode(),
    "none with a signature": `${encode({ alg: "none" })}.${payload}.${signature}`,
    "another issuer": await signed({ ...good, iss: "https://evil.example" }),
    "another audience": await signed({ ...good, aud: "another" }),
    expired: await signed({ ...good, exp: good.iat - 60 }),
    "not valid yet": await signed({ ...good, nbf: good.iat + 60 }),
    "no expiry": await signed({ ...good, exp: undefined }),
    "no subject": await signed({ ...good, sub: undefined }),
    "critical header": `${encode({ alg: "HS256", crit: ["x"], x: 1 })}.${payload}.${signature}`,
    "another payload": `${header}.${encode({ ...good, sub: "admin" })}.${signature}`,
    "no signature": `${header}.${payload}.`,
    "key of its own": await signed(good, {
      jwk: { kty: "oct", k: "AAAA" },
      jku: "http://127.0.0.1:9/",
      kid: "../../dev/null",
    }),
    huge: await signed({ ...good, pad: "a".repeat(10_000) }),
    deep: `${Buffer.from("[".repeat(3000)).toString("base64url")}.${payload}.${signature}`,
    prototype: `${Buffer.from('{"__proto__":{"alg":"HS256"}}').toString("base64url")}.${payload}.${signature}`,
    dots: ".".repeat(4000),
    word: "undefined",
  };
}

describe("hostile tokens", () => {
  let service: Awaited<ReturnType<typeof startService>>;
  afterEach(() => service.stop());
  const get = (bearer: string) =>
    fetch(`${service.url}/api/fixture/items/1`, { headers: { authorization: `Bearer ${bearer}` } });

  async function assertRefused(tokens: Record<string, string>): Promise<void> {
    for (const [what, token] of Object.entries(tokens)) {
      const response = await get(token);
      assert.equal(response.status, 401, what);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer error="invalid_token"', what);
      assert.doesNotMatch(await response.text(), /detail|expired|signature|claim/i, what);
    }
    assert.deepEqual(service.log, []);
  }

  it("each get 401 with a shared secret", async () => {
    service = await startService({
      items: 1,
      env: { JWT_SECRET: secret, JWT_ISSUER: issuer, JWT_AUDIENCE: audience },
    });
    const key = createSecretKey(secret, "utf8");
    const signed = (payload: object, header = {}) => sign(key, { alg: "HS256", ...header }, { ...payload });
    assert.equal((await get(await signed(claims()))).status, 200);
    const other = createSecretKey("another-secret-of-this-test-32-characters", "utf8");
    // A token may name any key in its header; the service ignores it and uses its own.
    const { "key of its own": ignored = "", ...tokens } = await hostile(signed);
    assert.equal((await get(ignored)).status, 200);
    await assertRefused({ ...tokens, "another key": await sign(other, { alg: "HS256" }, claims()) });
  });

  it("each get 401 with the keys of a JWKS URL", async () => {
    const pair = await keyPair("RS256", "one");
    const evil = await keyPair("RS256", "one");
    const jwks = await startJwks([pair.jwk]);
    const env = { JWT_JWKS_URL: jwks.url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience };
    service = await startService({ items: 1, env });
    const signed = (payload: object, header = {}) =>
      sign(pair.privateKey, { alg: "RS256", kid: "one", ...header }, { ...payload });
    assert.equal((await get(await signed(claims()))).status, 200);
    const confused = createSecretKey(JSON.stringify(pair.jwk), "utf8");
    await assertRefused({
      ...(await hostile(signed)),
      "another key": await sign(evil.privateKey, { alg: "RS256", kid: "one" }, claims()),
      "a key of its own": await sign(evil.privateKey, { alg: "RS256", kid: "one", jwk: evil.jwk }, claims()),
      "the public key as a secret": await sign(confused, { alg: "HS256", kid: "one" }, claims()),
      "an unknown key": await sign(pair.privateKey, { alg: "RS256", kid: "two" }, claims()),
    });
    jwks.stop();
  });

  it("get 503, as valid ones do, while the JWKS URL has never responded", async () => {
    const pair = await keyPair("RS256", "one");
    const env = { JWT_JWKS_URL: "http://127.0.0.1:9/jwks", JWT_ISSUER: issuer, JWT_AUDIENCE: audience };
    service = await startService({ items: 1, env });
    const response = await get(await sign(pair.privateKey, { alg: "RS256", kid: "one" }, claims()));
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal((await fetch(`${service.url}/api/fixture/items`)).status, 200);
  });
});
