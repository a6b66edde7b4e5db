// Keyset pagination: a cursor holds the sort key and id of a page's last item. The next page starts after it, even if the list has
// grown since, and costs the same at any depth. The cursor includes its sort order, so that it cannot be used with another.
import { z } from "zod";
import { Problem } from "../platform/request/problem.ts";
import { type Listing, type Sort, sorts } from "./schema.ts";

/** The last item of a page. `key` is its popularity, its rating, or its creation time in milliseconds since 1970. */
export interface Cursor {
  key: number;
  id: number;
}

/** The last millisecond that MySQL's DATETIME can hold; the other keys are far smaller. */
const largestKey = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const content = z.tuple([z.enum(sorts), z.number().min(0).max(largestKey), z.number().int().positive()]);

/** The `nextCursor` of a page that ends with `last`. */
export function encodeCursor(sort: Sort, last: Listing): string {
  const key = { popular: last.popularity, rating: last.rating, newest: last.createdAt.getTime() }[sort];
  return Buffer.from(JSON.stringify([sort, key, last.id])).toString("base64url");
}

/** @throws {Problem} invalid_request when `text` is not a cursor for `sort`. */
export function decodeCursor(sort: Sort, text: string): Cursor {
  const result = content.safeParse(parse(Buffer.from(text, "base64url").toString()));
  if (!result.success || result.data[0] !== sort) {
    const message = `Takes the nextCursor of a page with sort=${sort}`;
    throw new Problem("invalid_request", { detail: "Invalid: cursor", errors: [{ field: "cursor", message }] });
  }
  const [, key, id] = result.data;
  return { key, id };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
