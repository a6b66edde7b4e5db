import assert from "node:assert/strict";
import { isPublicAddress, isPublicHost } from "../../src/platform/private-address.ts";

describe("isPublicAddress", () => {
  it("tells addresses of the internet from those of this machine and its network", () => {
    const near = ["127.0.0.1", "::1", "::ffff:10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1", "fe80::1%eth0"];
    assert.deepEqual(near.filter(isPublicAddress), []);
    const far = ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "172.32.0.1"];
    assert.deepEqual(far.filter(isPublicAddress), far);
  });
});

describe("isPublicHost", () => {
  it("looks a name up, and says false of one that is not known", async () => {
    assert.equal(await isPublicHost("8.8.8.8"), true);
    assert.equal(await isPublicHost("localhost"), false);
    assert.equal(await isPublicHost("nothing.invalid"), false);
  });
});
