// Groups statements that differ only in their values and white space under one short name.
import { createHash } from "node:crypto";

/** The statement on one line with placeholders for its values: readable, and safe to log. */
export function normalized(sql: string): string {
  return sql
    .replaceAll(/\s+/g, " ")
    .replaceAll(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"/g, "?")
    .replaceAll(/\b(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b/gi, "?")
    .replaceAll(/\?(?: ?, ?\?)+/g, "?")
    .trim();
}

/** The first 8 hex digits of the normalised statement's SHA-256. Ignores case. */
export function fingerprint(sql: string): string {
  return createHash("sha256").update(normalized(sql).toLowerCase()).digest("hex").slice(0, 8);
}
