// Reads DECIMAL values as numbers where that loses nothing, else as the string that the server sent.
import type { RowDataPacket, TypeCastField } from "mysql2";
import type { ResultFields } from "./session-state.ts";

/** MySQL's type codes for DECIMAL, old and new. */
const decimalTypes: ReadonlySet<number | undefined> = new Set([0, 246]);
/** A double prints any decimal number of up to 15 significant digits unchanged. */
const exactDigits = 15;

/** Turns `12.50` into 12.5 and leaves `12345678901234567.8901` a string. */
export function exactNumber(text: string): number | string {
  if (text.length <= exactDigits) return Number(text);
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const digits = (whole + fraction.replace(/0+$/, "")).replace(/^0+/, "");
  return digits.length <= exactDigits ? Number(text) : text;
}

/** Converts, in place, the DECIMAL columns of `rows`, which the driver leaves as strings. Nearly free when there are none. */
export function readDecimals(rows: RowDataPacket[], fields: NonNullable<ResultFields>): void {
  for (const [index, field] of fields.entries()) {
    if (Array.isArray(field)) {
      const result: unknown = rows[index];
      if (Array.isArray(result)) readDecimals(result, field);
    } else if (field !== undefined && decimalTypes.has(field.columnType)) {
      readColumn(rows, field.name);
    }
  }
}

function readColumn(rows: RowDataPacket[], name: string): void {
  for (const row of rows) {
    const value: unknown = row[name];
    if (typeof value === "string") row[name] = exactNumber(value);
  }
}

/** The same as the driver's `typeCast`: simpler, but too slow for the pool, since the driver calls it for every value. */
export function castDecimal(field: TypeCastField, next: () => unknown): unknown {
  if (field.type !== "NEWDECIMAL" && field.type !== "DECIMAL") return next();
  const text = field.string();
  return text === null ? null : exactNumber(text);
}
