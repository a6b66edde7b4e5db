import assert from "node:assert/strict";
import { pino } from "pino";
import { jwtVerifier } from "../../../src/platform/auth/jwt.ts";
import { type RemoteKeysOptions, remoteKeys } from "../../../src/platform/auth/remote-keys.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { eventually } from "../../support/helper.ts";
import { audience, issuer, keyPair, nowS, sign, startJwks } from "./provider.ts";

const first = await keyPair("RS256", "first");
const second = await keyPair("RS256", "second");
const minutes = 60_000;

describe("remoteKeys", () => {
  let jwks: Awaited<ReturnType<typeof startJwks>>;
  let lines: string[];
  beforeEach(async () => {
    jwks = await startJwks([first.jwk]);
    lines = [];
  });
  afterEach(() => jwks.stop());

  function verifier(options: RemoteKeysOptions = {}) {
    const clock = { nowMs: 0 };
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
    const key = remoteKeys(jwks.url, log, { now: () => clock.nowMs, timeoutMs: 200, ...options });
    // No token is cached, so that each call looks up the key.
    const jwt = { issuer, audience, clockToleranceS: 0, cacheMs: 0, now: () => nowS * 1000 };
    const verify = jwtVerifier({ ...jwt, key, algorithms: ["RS256"] });
    return { clock, verify, check: async (pair: typeof first, kid = pair.jwk.kid) => verify(await token(pair, kid)) };
  }
  const token = (pair: typeof first, kid: string) => sign(pair.privateKey, { alg: "RS256", kid });
  const unavailable = (error: unknown) => error instanceof Problem && error.type === "dependency_failed";
  const noSuchKey = (error: unknown) => error instanceof Error && !(error instanceof Problem);

  it("fetches once for all requests", async () => {
    const { check } = verifier();
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => check(first))), Array(20).fill("alice"));
    assert.equal(jwks.state.requests, 1);
  });

  it("refreshes in the background without delaying requests", async () => {
    const { check, clock } = verifier();
    await check(first);
    jwks.state.keys = [second.jwk];
    jwks.state.mode = "hanging";
    clock.nowMs += 6 * minutes;
    assert.equal(await check(first), "alice");
    await eventually("a refresh", () => jwks.state.requests === 2);
    await eventually("the timeout of the refresh", () => lines.length === 1);
    jwks.state.mode = "up";
    clock.nowMs += 1 * minutes;
    assert.equal(await check(first), "alice");
    await eventually("the new key", () =>
      check(second).then(
        () => true,
        () => false,
      ),
    );
    await assert.rejects(check(first), noSuchKey);
  });

  it("uses the keys it has for an hour of an outage, then is unavailable", async () => {
    const { check, clock } = verifier();
    await check(first);
    jwks.state.mode = "failing";
    for (let at = 0; at < 11; at += 1) {
      clock.nowMs += 5 * minutes;
      assert.equal(await check(first), "alice");
    }
    clock.nowMs += 6 * minutes;
    await assert.rejects(check(first), unavailable);
    assert.deepEqual(lines.length, 1, "one log line per outage");
    jwks.state.mode = "up";
    clock.nowMs += 2000;
    assert.equal(await check(first), "alice");
    assert.equal(lines.length, 2);
  });

  it("is unavailable without any keys, and does not hammer the provider", async () => {
    for (const mode of ["failing", "hanging"] as const) {
      jwks.state.mode = mode;
      jwks.state.requests = 0;
      const { check, clock } = verifier();
      for (let at = 0; at < 20; at += 1) await assert.rejects(check(first), unavailable);
      assert.equal(jwks.state.requests, 1, mode);
      clock.nowMs += 1001;
      await assert.rejects(check(first), unavailable);
      assert.equal(jwks.state.requests, 2, mode);
    }
  });

  it("is unavailable when nothing listens at the URL", async () => {
    jwks.stop();
    await assert.rejects(verifier().check(first), unavailable);
  });

  it("finds a new key at once if the last fetch was long enough ago", async () => {
    const { check, clock } = verifier();
    await check(first);
    jwks.state.keys = [first.jwk, second.jwk];
    clock.nowMs += 31_000;
    assert.equal(await check(second), "alice");
    assert.equal(jwks.state.requests, 2);
  });

  it("fetches at most once in 30 s for unknown key ids, also during an outage", async () => {
    const { check, clock } = verifier();
    await check(first);
    for (const mode of ["up", "failing"] as const) {
      jwks.state.mode = mode;
      jwks.state.requests = 0;
      for (let at = 0; at < 60; at += 1) {
        clock.nowMs += 1000;
        await assert.rejects(check(second, `made-up-${at}`), noSuchKey);
      }
      assert.equal(jwks.state.requests, 2, mode);
    }
  });

  it("refuses a symmetric key in the set, and a token whose key id names another key", async () => {
    jwks.state.keys = [first.jwk, { kty: "oct", kid: "secret", k: "AAAA" }];
    const { check } = verifier();
    await assert.rejects(check(second, "first"), noSuchKey);
    await assert.rejects(check(second, "secret"), noSuchKey);
    assert.equal(await check(first), "alice");
  });
});
