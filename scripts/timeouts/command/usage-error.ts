/** A mistake on the command line or in the setup: reported in one line, with exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
