// Loaded with --import: the service gets the domains of test/support/domains.ts instead of those of src/domains.ts.
import { registerHooks } from "node:module";

const real = new URL("../../src/domains.ts", import.meta.url).href;
const replacement = new URL("domains.ts", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url === real && context.parentURL !== replacement ? { ...found, url: replacement } : found;
  },
});
