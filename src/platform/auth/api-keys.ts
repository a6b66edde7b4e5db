// Keys for programs that call the service. Only their SHA-256 is configured: whoever reads the configuration has no key.
// A plain hash is enough because `scripts/api-key.ts` makes keys of 256 random bits; passwords would need a slow one.
import { hash, timingSafeEqual } from "node:crypto";

export interface ApiKey {
  /** Who calls, in logs and limits; several keys may share a name while one replaces the other. */
  readonly name: string;
  readonly sha256: Buffer;
}

/**
 * One entry of API_KEYS, `name:sha256-hex`.
 *
 * @throws {RangeError} when it is none. The message has no part of the entry: it may be a key by mistake.
 */
export function parseApiKey(entry: string): ApiKey {
  const [, name, hex] = /^([\w.-]{1,64}):([\da-f]{64})$/i.exec(entry) ?? [];
  if (name === undefined || hex === undefined) throw new RangeError("an API key is configured as name:sha256-hex");
  return { name, sha256: Buffer.from(hex, "hex") };
}

/** The entry for API_KEYS that lets `key` in. */
export function apiKeyEntry(name: string, key: string): string {
  return `${name}:${hash("sha256", key)}`;
}

/** Finds the subject of a given key, `key:<name>`, or undefined. Takes the same time for every key that is given. */
export function apiKeySubjects(keys: readonly ApiKey[]): (given: string) => string | undefined {
  return function subjectOfKey(given) {
    const digest = hash("sha256", given, "buffer");
    let subject: string | undefined;
    for (const { name, sha256 } of keys) if (timingSafeEqual(digest, sha256)) subject = `key:${name}`;
    return subject;
  };
}
