// One short name for all statements that differ in nothing but their values and white space.
import { createHash } from "node:crypto";

/** A statement with placeholders for values, on one line: for people to read, and safe to keep. */
export function normalized(sql: string): string {
  return sql
    .replaceAll(/\s+/g, " ")
    .replaceAll(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"/g, "?")
    .replaceAll(/\b(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b/gi, "?")
    .replaceAll(/\?(?: ?, ?\?)+/g, "?")
    .trim();
}

/** 8 hexadecimal digits of the normalised statement's SHA-256, the same whatever its case. */
export function fingerprint(sql: string): string {
  return createHash("sha256").update(normalized(sql).toLowerCase()).digest("hex").slice(0, 8);
}
