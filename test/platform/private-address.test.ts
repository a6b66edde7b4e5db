import assert from "node:assert/strict";
import { isPublicAddress, isPublicHost } from "../../src/platform/private-address.ts";

describe("isPublicAddress", () => {
  it("tells public addresses from loopback, link-local and private ones", () => {
    const local = ["127.0.0.1", "::1", "::ffff:10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1", "fe80::1%eth0"];
    assert.deepEqual(local.filter(isPublicAddress), []);
    const remote = ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "172.32.0.1"];
    assert.deepEqual(remote.filter(isPublicAddress), remote);
  });
});

describe("isPublicHost", () => {
  it("resolves names, and returns false for one that does not resolve", async () => {
    assert.equal(await isPublicHost("8.8.8.8"), true);
    assert.equal(await isPublicHost("localhost"), false);
    assert.equal(await isPublicHost("nothing.invalid"), false);
  });
});
