// API keys for programs that call the service. The configuration holds only their SHA-256, so reading it reveals no key. A fast
// hash is enough because `scripts/api-key.ts` creates keys with 256 random bits; passwords would need a slow one.
import { hash, timingSafeEqual } from "node:crypto";

export interface ApiKey {
  /** The caller's name in logs and limits. Several keys may share a name, so that one can replace another. */
  readonly name: string;
  readonly sha256: Buffer;
}

/**
 * Parses one entry of API_KEYS, `name:sha256-hex`.
 *
 * @throws {RangeError} if it is malformed. The message does not repeat the entry, which may be a key by mistake.
 */
export function parseApiKey(entry: string): ApiKey {
  const [, name, hex] = /^([\w.-]{1,64}):([\da-f]{64})$/i.exec(entry) ?? [];
  if (name === undefined || hex === undefined) throw new RangeError("an API key entry must be name:sha256-hex");
  return { name, sha256: Buffer.from(hex, "hex") };
}

/** Returns the entry of API_KEYS for `key`. */
export function apiKeyEntry(name: string, key: string): string {
  return `${name}:${hash("sha256", key)}`;
}

/** Returns a function that finds the subject of a key, `key:<name>`, or undefined. It takes the same time for every key. */
export function apiKeySubjects(keys: readonly ApiKey[]): (key: string) => string | undefined {
  return function subjectOfKey(key) {
    const digest = hash("sha256", key, "buffer");
    let subject: string | undefined;
    for (const { name, sha256 } of keys) if (timingSafeEqual(digest, sha256)) subject = `key:${name}`;
    return subject;
  };
}
