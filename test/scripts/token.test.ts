import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { decodeJwt } from "jose";
import { paths } from "../support/fixture/routes.ts";
import { root, startService } from "../support/helper.ts";

async function run(script: string, options: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [`${root}/scripts/${script}`, ...options], { env, cwd: import.meta.dirname });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output.text += chunk;
    });
  }
  await once(child, "close");
  return { code: child.exitCode, text: output.text.trim() };
}

describe("scripts/token.ts", () => {
  it("prints a token that a service with the same configuration accepts", async () => {
    const env = { JWT_SECRET: "a-secret-of-this-test-only-32-characters" };
    const service = await startService({ items: 1, env });
    const { text } = await run("token.ts", [], env);
    const get = (bearer: string) =>
      fetch(`${service.url}${paths.item}`, { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal((await get(text)).status, 200);
    assert.equal((await get((await run("token.ts", [])).text)).status, 401);
    await service.stop();
  });

  it("takes the subject and the lifetime", async () => {
    const claims = decodeJwt((await run("token.ts", ["--subject", "alice", "--ttl", "60"])).text);
    assert.equal(claims.sub, "alice");
    assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 60);
    assert.equal(decodeJwt((await run("token.ts", [])).text).sub, "developer");
  });

  it("reports errors in one line", async () => {
    for (const [options, env, message] of [
      [["--ttl", "soon"], {}, /^--ttl: got "soon", takes/],
      [["--what"], {}, /^Unknown option '--what'/],
      [[], { JWT_SECRET: "short" }, /^JWT_SECRET: got "\*\*\*"/],
      [[], { JWT_JWKS_URL: "https://id.example/jwks", JWT_ISSUER: "i", JWT_AUDIENCE: "a" }, /^JWT_JWKS_URL is set/],
    ] as const) {
      const { code, text } = await run("token.ts", [...options], env);
      assert.equal(code, 1);
      assert.match(text, message);
      assert.doesNotMatch(text, /\n/);
    }
  });
});

describe("scripts/api-key.ts", () => {
  it("prints a key and its API_KEYS entry", async () => {
    const [, key = "", entry = ""] =
      /^key: (\S{43})\nAPI_KEYS entry: (\S+)$/.exec((await run("api-key.ts", ["reporting"])).text) ?? [];
    assert.match(entry, /^reporting:[\da-f]{64}$/);
    const service = await startService({ items: 1, env: { API_KEYS: entry } });
    const get = (given: string) => fetch(`${service.url}${paths.item}`, { headers: { "x-api-key": given } });
    assert.equal((await get(key)).status, 200);
    assert.equal((await get(entry)).status, 401);
    await service.stop();
  });

  it("requires a name", async () => {
    assert.match((await run("api-key.ts", [])).text, /^usage/);
  });
});
