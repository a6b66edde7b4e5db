import assert from "node:assert/strict";
import fc from "fast-check";
import { addressRanges, clientNetwork, normalAddress } from "../../src/platform/ip-address.ts";

describe("normalAddress", () => {
  it("returns the same spelling for all spellings of an address", () => {
    for (const text of ["::ffff:192.0.2.1", "::FFFF:c000:0201", "0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"]) {
      assert.equal(normalAddress(text), "192.0.2.1", text);
    }
    for (const text of ["2001:DB8:0:0:0:0:0:1", "2001:db8::0001", "2001:db8::1%eth0"]) {
      assert.equal(normalAddress(text), "2001:db8::1", text);
    }
  });
});

describe("clientNetwork", () => {
  it("is the address for IPv4 and the /64 for IPv6", () => {
    assert.equal(clientNetwork("192.0.2.1"), "192.0.2.1");
    for (const [address, network] of [
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["::1", "0:0:0:0::/64"],
      ["::", "0:0:0:0::/64"],
      ["2001::", "2001:0:0:0::/64"],
    ] as const) {
      assert.equal(clientNetwork(address), network, address);
    }
  });

  it("is the same for all addresses of a network and differs between networks", () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const half = fc.array(group, { minLength: 4, maxLength: 4 });
    const spelled = (network: string[], host: string[]) => normalAddress([...network, ...host].join(":")) ?? "";
    fc.assert(
      fc.property(half, half, half, half, (network, host, otherHost, otherNetwork) => {
        fc.pre(network.slice(0, 3).some((part) => part !== "0"));
        const expected = clientNetwork(spelled(network, host));
        assert.equal(clientNetwork(spelled(network, otherHost)), expected);
        assert.equal(clientNetwork(spelled(otherNetwork, host)) === expected, network.join() === otherNetwork.join());
      }),
    );
  });
});

describe("addressRanges", () => {
  it("matches the addresses in its list, in either spelling of IPv4", () => {
    const exempt = addressRanges(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "::ffff:172.16.0.0/108"]);
    const inside = ["10.255.0.1", "192.0.2.1", "2001:db8:ffff::1", "::1", "172.31.0.1"];
    const outside = ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::2", "172.32.0.1"];
    for (const address of inside) assert.equal(exempt(address), true, address);
    for (const address of outside) assert.equal(exempt(address), false, address);
    assert.equal(addressRanges([])("127.0.0.1"), false);
  });

  it("names an invalid range", () => {
    const invalid = ["", "10.0.0.0/33", "10.0.0/8", "::/129", "::ffff:10.0.0.0/8", "10.0.0.0/8/8", "10.0.0.0/", "host"];
    for (const range of invalid) {
      const message = `${JSON.stringify(range)} is not an address or CIDR network`;
      assert.throws(() => addressRanges(["::1", range]), { name: "RangeError", message }, range);
    }
  });
});
