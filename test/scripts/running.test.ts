import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { birthOf, claimRun } from "../../scripts/bootstrap/running.js";

describe("the records of what runs", () => {
  const own = { service: "http://127.0.0.1:1000", traces: "http://127.0.0.1:2000", ports: [1000, 2000] };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "running-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("tell a second run where the first one is, in one line", async () => {
    const remove = await claimRun(folder, own);
    await assert.rejects(claimRun(folder, { ...own, ports: [2000, 3000] }), (error: Error) => {
      assert.match(
        error.message,
        /^It already runs: service http:\/\/127\.0\.0\.1:1000, traces http:\/\/127\.0\.0\.1:2000/,
      );
      assert.match(error.message, new RegExp(`process ${process.pid} `));
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
    await remove();
    await claimRun(folder, own);
  });

  it("allow a run on other ports", async () => {
    await claimRun(folder, own);
    await claimRun(folder, { ...own, ports: [3000] });
  });

  it("do not count once their process is gone, its pid belongs to another, or they are broken", async () => {
    const record = (pid: number, born: string) => JSON.stringify({ pid, born, ...own });
    writeFileSync(join(folder, "1.json"), record(2 ** 22 + 1, "5"));
    writeFileSync(join(folder, "2.json"), record(process.pid, "born at another time"));
    writeFileSync(join(folder, "3.json"), '{"pid":');
    await claimRun(folder, own);
    assert.deepEqual(readdirSync(folder), [`${process.pid}.json`]);
  });

  it("know when a process was born", async () => {
    assert.notEqual(await birthOf(process.pid), "");
    assert.equal(await birthOf(2 ** 22 + 1), "");
  });
});
