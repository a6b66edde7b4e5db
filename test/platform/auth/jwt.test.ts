import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { exportSPKI, SignJWT, UnsecuredJWT } from "jose";
import { jwtVerifier } from "../../../src/platform/auth/jwt.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { usedHeap } from "../../support/heap.ts";
import { audience, goodClaims, issuer, keyPair, nowS, sign } from "./provider.ts";

const secret = "a-shared-secret-of-more-than-32-characters";
const secretKey = createSecretKey(secret, "utf8");
const hs256 = { alg: "HS256" };

function setUp(options: Partial<Parameters<typeof jwtVerifier>[0]> = {}) {
  const clock = { nowMs: nowS * 1000 };
  const verify = jwtVerifier({
    key: secret,
    algorithms: ["HS256"],
    issuer,
    audience,
    clockToleranceS: 5,
    now: () => clock.nowMs,
    ...options,
  });
  return { verify, clock };
}

/** A refusal is any error except a Problem, which has its own response. */
async function assertRefused(token: string, verify = setUp().verify, what = token): Promise<void> {
  const error = await verify(token).then(
    () => assert.fail(`accepted: ${what}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error && !(error instanceof Problem), what);
}

describe("jwtVerifier", () => {
  it("returns the subject of a valid token", async () => {
    assert.equal(await setUp().verify(await sign(secretKey, hs256)), "alice");
  });

  it("accepts public keys with the pinned algorithms only", async () => {
    for (const alg of ["RS256", "ES256", "EdDSA"]) {
      const { privateKey, publicKey } = await keyPair(alg, "1");
      const { verify } = setUp({ key: async () => publicKey, algorithms: [alg] });
      assert.equal(await verify(await sign(privateKey, { alg })), "alice", alg);
      const other = setUp({ key: async () => publicKey, algorithms: ["PS512"] });
      await assertRefused(await sign(privateKey, { alg }), other.verify, alg);
    }
  });

  it("refuses a token with any single defect", async () => {
    const { iss: _iss, ...withoutIssuer } = goodClaims;
    const { aud: _aud, ...withoutAudience } = goodClaims;
    const { exp: _exp, ...withoutExpiry } = goodClaims;
    const { sub: _sub, ...withoutSubject } = goodClaims;
    const claims = {
      "another issuer": { ...goodClaims, iss: "https://evil.example" },
      "another audience": { ...goodClaims, aud: "another-service" },
      "no issuer": withoutIssuer,
      "no audience": withoutAudience,
      "no expiry": withoutExpiry,
      "no subject": withoutSubject,
      expired: { ...goodClaims, exp: nowS - 6 },
      "not valid yet": { ...goodClaims, nbf: nowS + 6 },
      "an empty subject": { ...goodClaims, sub: "" },
      "a huge subject": { ...goodClaims, sub: "a".repeat(257) },
      "the subject of an API key": { ...goodClaims, sub: "key:reporting" },
    };
    for (const [what, wrong] of Object.entries(claims)) {
      await assertRefused(await sign(secretKey, hs256, wrong), undefined, what);
    }
    const otherKey = createSecretKey("another-secret-of-more-than-32-characters", "utf8");
    await assertRefused(await sign(otherKey, hs256), undefined, "another key");
    await assertRefused(await sign(secretKey, { alg: "HS512" }), undefined, "another algorithm");
    await assertRefused(await sign(secretKey, hs256, { ...goodClaims, pad: "a".repeat(9000) }), undefined, "huge");
  });

  it("allows the clock tolerance and no more", async () => {
    const { verify, clock } = setUp();
    const token = await sign(secretKey, hs256, { ...goodClaims, exp: nowS });
    clock.nowMs += 4000;
    assert.equal(await verify(token), "alice");
    clock.nowMs += 2000;
    await assertRefused(token, verify);
  });

  it("refuses alg none, critical extensions, and a public key used as a secret", async () => {
    await assertRefused(new UnsecuredJWT(goodClaims).encode());
    const [header = "", payload = "", signature = ""] = (await sign(secretKey, hs256)).split(".");
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const alg of ["none", "None", "NONE", "nOnE", "", null, ["HS256"], 256]) {
      await assertRefused(`${encode({ alg })}.${payload}.`);
      await assertRefused(`${encode({ alg })}.${payload}.${signature}`);
    }
    await assertRefused(`${encode({ alg: "HS256", crit: ["exp"], exp: 1 })}.${payload}.${signature}`);
    const critical = new SignJWT(goodClaims).setProtectedHeader({ alg: "HS256", crit: ["x-future"], "x-future": 1 });
    await assertRefused(await critical.sign(secretKey, { crit: { "x-future": true } }));
    await assertRefused(`${header}.${encode({ ...goodClaims, sub: "admin" })}.${signature}`);

    const { publicKey } = await keyPair("RS256", "1");
    const { verify } = setUp({ key: async () => publicKey, algorithms: ["RS256"] });
    const confused = createSecretKey(await exportSPKI(publicKey), "utf8");
    await assertRefused(await sign(confused, hs256), verify);
  });

  it("refuses garbage and mutations of a valid token", async () => {
    const good = await sign(secretKey, hs256);
    const { verify } = setUp();
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1))
      .filter((token) => token !== good);
    // Decoders ignore white space, padding, and the unused two bits of the last character.
    for (const end of [" ", "\n", "="]) await assertRefused(good + end, verify);
    await assertRefused(`${good.slice(0, -3)} ${good.slice(-3)}`, verify);
    for (const last of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
      if (!good.endsWith(last)) await assertRefused(good.slice(0, -1) + last, verify);
    }
    const garbage = fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[\w-]*\.[\w-]*\.[\w-]*$/));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, garbage), (token) => assertRefused(token, verify)),
      { numRuns: 2000 },
    );
  });

  it("looks up the key once while a token is cached, and again a minute later", async () => {
    let lookups = 0;
    const { privateKey, publicKey } = await keyPair("ES256", "1");
    const key = async () => {
      lookups += 1;
      return publicKey;
    };
    const { verify, clock } = setUp({ key, algorithms: ["ES256"] });
    const token = await sign(privateKey, { alg: "ES256" });
    for (const [afterMs, times] of [
      [0, 1],
      [59_999, 1],
      [1, 2],
    ] as const) {
      clock.nowMs += afterMs;
      assert.equal(await verify(token), "alice");
      assert.equal(lookups, times);
    }
  });

  it("does not cache a token past its expiry", async () => {
    const { verify, clock } = setUp({ clockToleranceS: 0 });
    const token = await sign(secretKey, hs256, { ...goodClaims, exp: nowS + 1 });
    assert.equal(await verify(token), "alice");
    clock.nowMs += 1000;
    await assertRefused(token, verify);
  });

  it("keeps valid tokens cached and its memory bounded through 100,000 invalid ones", async () => {
    let lookups = 0;
    const { privateKey, publicKey } = await keyPair("ES256", "1");
    const key = async () => {
      lookups += 1;
      return publicKey;
    };
    const { verify } = setUp({ key, algorithms: ["ES256"], cacheEntries: 100 });
    const good = await sign(privateKey, { alg: "ES256" });
    await verify(good);
    const bad = async (from: number, count: number) => {
      for (let at = from; at < from + count; at += 1) await verify(`${good.slice(0, 60)}${at}.${at}`).catch(() => {});
    };
    await bad(0, 10_000);
    const before = usedHeap();
    await bad(10_000, 90_000);
    assert.ok(usedHeap() - before < 2_000_000, `${usedHeap() - before} bytes more`);
    lookups = 0;
    assert.equal(await verify(good), "alice");
    assert.equal(lookups, 0);
  });

  it("verifies a cached token in under 0.1 ms", async () => {
    const { verify } = setUp();
    const token = await sign(secretKey, hs256);
    for (let at = 0; at < 1000; at += 1) await verify(token);
    const rounds = 20_000;
    const startedAt = performance.now();
    for (let at = 0; at < rounds; at += 1) await verify(token);
    const eachMs = (performance.now() - startedAt) / rounds;
    assert.ok(eachMs < 0.1, `${eachMs} ms`);
  });

  it("throws for algorithms that cannot be used with its key", () => {
    for (const algorithms of [[], ["none"], ["RS256"], ["HS256", "RS256"]]) {
      assert.throws(() => setUp({ algorithms }), RangeError, algorithms.join());
    }
    const key = async () => secretKey;
    for (const algorithms of [["HS256"], ["RS256", "HS256"], ["none"]]) {
      assert.throws(() => setUp({ key, algorithms }), RangeError, algorithms.join());
    }
  });
});
