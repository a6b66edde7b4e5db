import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import { clientAddress, clientScheme } from "../../../src/platform/http/client-address.ts";

function addressOf(trustedProxies: number, forwarded?: string, remoteAddress = "10.0.0.9"): string {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return clientAddress({ headers, socket: { remoteAddress } }, trustedProxies);
}

describe("clientScheme", () => {
  const schemeOf = (trustedProxies: number, forwarded?: string) =>
    clientScheme({ headers: forwarded === undefined ? {} : { "x-forwarded-proto": forwarded } }, trustedProxies);

  it("is http without trusted proxies, whatever the header says", () => {
    assert.equal(schemeOf(0, "https"), "http");
    assert.equal(schemeOf(0), "http");
  });

  it("is the entry of the outermost trusted proxy, or the only entry", () => {
    assert.equal(schemeOf(1, "https"), "https");
    assert.equal(schemeOf(1, "HTTPS"), "https");
    assert.equal(schemeOf(1, "https, http"), "http", "the first entry comes from the client");
    assert.equal(schemeOf(2, "http, https, http"), "https");
    assert.equal(schemeOf(3, "https"), "https");
  });

  it("is always http or https, so that no client can add metric series", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 5 }), (forwarded, proxies) => {
        assert.ok(["http", "https"].includes(schemeOf(proxies, forwarded)));
      }),
    );
    for (const odd of ["", ",", "wss", "https://x", "httpss", " "]) assert.equal(schemeOf(1, odd), "http", odd);
  });
});

describe("clientAddress", () => {
  it("ignores the header without trusted proxies", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (forwarded) => {
        assert.equal(addressOf(0, forwarded), "10.0.0.9");
      }),
    );
  });

  it("uses the entry of the outermost trusted proxy, whatever the client wrote before it", () => {
    const trusted = fc.array(fc.oneof(fc.ipV4(), fc.constant("2001:db8::7")), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.ipV4()), { maxLength: 5 }), trusted, (forged, entries) => {
        assert.equal(addressOf(entries.length, [...forged, ...entries].join(", ")), entries[0]);
      }),
    );
  });

  it("uses the connection's address when the request did not pass through all proxies", () => {
    assert.equal(addressOf(1), "10.0.0.9");
    assert.equal(addressOf(2, "192.0.2.1"), "10.0.0.9");
    for (const entry of ["unknown", "_hidden", "", "192.0.2.999", "192.0.2.1.", "::g", "localhost"]) {
      assert.equal(addressOf(1, entry), "10.0.0.9", entry);
    }
  });

  it("strips the port that some proxies add", () => {
    assert.equal(addressOf(1, "192.0.2.1:4711"), "192.0.2.1");
    assert.equal(addressOf(1, "[2001:db8::1]:4711"), "2001:db8::1");
    assert.equal(addressOf(1, "[2001:db8::1]"), "2001:db8::1");
  });

  it("always returns an IP address, for any header and any connection", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.string(), fc.option(fc.string(), { nil: undefined }), (proxies, forwarded, peer) => {
        const socket = { remoteAddress: peer };
        assert.notEqual(isIP(clientAddress({ headers: { "x-forwarded-for": forwarded }, socket }, proxies)), 0);
      }),
    );
  });
});
