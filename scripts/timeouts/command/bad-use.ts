/** What the one who called can put right: said in one line, with exit code 2. */
export class BadUse extends Error {
  override name = "BadUse";
}
