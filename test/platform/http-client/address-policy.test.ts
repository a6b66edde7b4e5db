import assert from "node:assert/strict";
import fc from "fast-check";
import { addressPolicy } from "../../../src/platform/http-client/address-policy.ts";
import { checkDestination } from "../../../src/platform/http-client/destination.ts";

const mayConnect = addressPolicy([]);

/** First and last address of each non-public range, as numbers: written independently of the code under test. */
const specialIPv4: readonly (readonly [number, number])[] = [
  [0x00000000, 0x00ffffff],
  [0x0a000000, 0x0affffff],
  [0x64400000, 0x647fffff],
  [0x7f000000, 0x7fffffff],
  [0xa9fe0000, 0xa9feffff],
  [0xac100000, 0xac1fffff],
  [0xc0000000, 0xc00000ff],
  [0xc0000200, 0xc00002ff],
  [0xc0586300, 0xc05863ff],
  [0xc0a80000, 0xc0a8ffff],
  [0xc6120000, 0xc613ffff],
  [0xc6336400, 0xc63364ff],
  [0xcb007100, 0xcb0071ff],
  [0xe0000000, 0xffffffff],
];
const isPublicIPv4 = (address: number) => !specialIPv4.some(([first, last]) => address >= first && address <= last);

function isPublicIPv6(address: bigint): boolean {
  const top = (bits: number) => address >> BigInt(128 - bits);
  const low = Number(address & 0xffffffffn);
  if (top(96) === 0xffffn || top(96) === 0x64ff9b0000000000000000n) return isPublicIPv4(low);
  if (top(3) !== 1n) return false;
  const special = top(23) === 0x200100n >> 1n || top(32) === 0x20010db8n || top(16) === 0x2002n;
  return !special && top(20) !== 0x3fff0n;
}

/** Half of them anywhere, half at the edge of a range or next to it. */
const ipv4 = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc
    .tuple(fc.constantFrom(...specialIPv4.flat()), fc.constantFrom(-1, 0, 1))
    .map(([edge, beside]) => Math.min(0xffffffff, Math.max(0, edge + beside))),
);
const prefixes: readonly (readonly [bigint, bigint])[] = [
  [0xffffn, 96n],
  [0x64ff9b0000000000000000n, 96n],
  [0x64ff9b0001n, 48n],
  [0n, 96n],
  [0x20010000n, 32n],
  [0x200100020000n, 48n],
  [0x20010200n, 32n],
  [0x20010db8n, 32n],
  [0x20010db9n, 32n],
  [0x2002n, 16n],
  [0x2003n, 16n],
  [0x3fff0n, 20n],
  [0x3fff1n, 20n],
  [0xfe80n, 16n],
  [0xfec0n, 16n],
  [0xfc00n, 16n],
  [0xff02n, 16n],
  [0x2606n, 16n],
];
const ipv6 = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  fc.constantFrom(0n, 1n, (1n << 125n) - 1n, 1n << 125n, (1n << 126n) - 1n, 1n << 126n),
  fc
    .tuple(fc.constantFrom(...prefixes), fc.bigInt({ min: 0n, max: (1n << 112n) - 1n }), ipv4)
    .map(([[prefix, bits], rest, low]) => {
      const free = 128n - bits;
      const tail = free === 32n ? BigInt(low) : rest & ((1n << free) - 1n);
      return (prefix << free) | tail;
    }),
);

const bytesOf = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
const dotted = (address: number) => bytesOf(address).join(".");
const groupsOf = (address: bigint) =>
  Array.from({ length: 8 }, (_, index) => Number((address >> BigInt(16 * (7 - index))) & 0xffffn));
const full = (address: bigint) =>
  groupsOf(address)
    .map((group) => group.toString(16).padStart(4, "0"))
    .join(":");
const compressed = (address: bigint) =>
  groupsOf(address)
    .map((group) => group.toString(16))
    .join(":")
    .replace(/(^|:)0(:0)+(:|$)/, "::");

/** The spellings of an IPv4 address that URLs accept. */
const spellingsIPv4: ((address: number) => string)[] = [
  dotted,
  (address) => String(address),
  (address) => `0x${address.toString(16)}`,
  (address) => `0${address.toString(8)}`,
  (address) =>
    bytesOf(address)
      .map((byte) => `0x${byte.toString(16).toUpperCase()}`)
      .join("."),
  (address) =>
    bytesOf(address)
      .map((byte) => `0${byte.toString(8)}`)
      .join("."),
  (address) => `${bytesOf(address)[0]}.${address % 2 ** 24}`,
  (address) => `${dotted(address)}.`,
  (address) => dotted(address).replaceAll(".", "%2e"),
  (address) => dotted(address).replaceAll(".", "。"),
  (address) => dotted(address).replaceAll("1", "１"),
];
const spellingsIPv6: ((address: bigint) => string)[] = [
  full,
  compressed,
  (address) => full(address).toUpperCase(),
  (address) =>
    `${groupsOf(address)
      .slice(0, 6)
      .map((group) => group.toString(16))
      .join(":")}:${dotted(Number(address & 0xffffffffn))}`,
];

describe("address policy", () => {
  it("agrees with the registries on any IPv4 address, in any spelling that URLs accept", () => {
    fc.assert(
      fc.property(
        ipv4,
        fc.constantFrom(...spellingsIPv4),
        fc.constantFrom("http", "https"),
        (address, spell, scheme) => {
          assert.equal(mayConnect(dotted(address)), isPublicIPv4(address));
          const refusal = checkDestination(new URL(`${scheme}://${spell(address)}:8080/x`), mayConnect);
          assert.equal(refusal, isPublicIPv4(address) ? undefined : "address", spell(address));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("agrees with the registries on any IPv6 address, in any spelling", () => {
    fc.assert(
      fc.property(ipv6, fc.constantFrom(...spellingsIPv6), (address, spell) => {
        assert.equal(mayConnect(spell(address)), isPublicIPv6(address), spell(address));
        const refusal = checkDestination(new URL(`http://[${spell(address)}]/`), mayConnect);
        assert.equal(refusal, isPublicIPv6(address) ? undefined : "address", spell(address));
      }),
      { numRuns: 3000 },
    );
  });

  it("refuses the addresses that attackers try first", () => {
    for (const address of [
      "127.0.0.1",
      "0.0.0.0",
      "10.1.2.3",
      "172.31.255.255",
      "192.168.0.1",
      "169.254.169.254",
      "100.100.100.200",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:127.0.0.1",
      "::ffff:a9fe:a9fe",
      "::127.0.0.1",
      "fe80::1",
      "fe80::1%eth0",
      "fec0::1",
      "fd00:ec2::254",
      "64:ff9b::169.254.169.254",
      "64:ff9b:1::10.0.0.1",
      "2002:7f00:1::",
      "2001:0:7f00:1::1",
      "2001:db8::1",
      "not an address",
      "",
    ]) {
      assert.equal(mayConnect(address), false, address);
    }
    for (const address of ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]) {
      assert.equal(mayConnect(address), true, address);
    }
  });

  it("allows the configured exceptions and nothing next to them", () => {
    const withExceptions = addressPolicy(["10.1.0.0/16", "::1"]);
    assert.deepEqual(["10.1.2.3", "::ffff:10.1.2.3", "::1", "10.2.0.0", "127.0.0.1", "::2"].map(withExceptions), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    assert.throws(() => addressPolicy(["10.0.0.0/33"]), RangeError);
  });
});

describe("a URL as a destination", () => {
  it("is refused for its scheme or its credentials", () => {
    const refusal = (url: string) => checkDestination(new URL(url), mayConnect);
    assert.equal(refusal("ftp://8.8.8.8/"), "scheme");
    assert.equal(refusal("file:///etc/passwd"), "scheme");
    assert.equal(refusal("http://user@example.com/"), "credentials");
    assert.equal(refusal("http://:password@example.com/"), "credentials");
    assert.equal(refusal("http://127.0.0.1@example.com/"), "credentials");
    assert.equal(refusal("https://example.com:8443/a?b"), undefined);
  });
});
