// Zod schemas for what most routes take: text that the database can store, an id in the path, the size of a page.
import { z } from "zod";

const wholeNumber = "Takes a whole number from 1";

/** Text that MySQL returns as it was stored: well-formed Unicode without NUL. U+FFFD marks bytes that were not valid UTF-8. */
export const text = z
  .string()
  .refine((value) => value.isWellFormed() && !/[\0\ufffd]/.test(value), "Takes well-formed text without NUL");

/** An id in a path or a query. */
export const idText = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, wholeNumber)
  .transform(Number)
  .refine(Number.isSafeInteger, wholeNumber);

/** The parameters of a path with an id. */
export const idParameters = z.strictObject({ id: idText });

/** The number of rows on a page: 1 to 100, 20 by default. */
export const pageLimit = z
  .string()
  .regex(/^\d+$/, "Takes a whole number from 1 to 100")
  .transform(Number)
  .pipe(z.number().min(1).max(100))
  .default(20);
