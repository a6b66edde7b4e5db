// Loaded with --import ahead of the real src/main.ts, so that what is measured is what starts in production and no copy of it:
// only its import of ./app.ts leads to the application with the routes of the benchmark.
import { registerHooks } from "node:module";

const main = new URL("../../../src/main.ts", import.meta.url).href;
const app = new URL("app.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    next(context.parentURL === main && specifier === "./app.ts" ? app : specifier, context),
});
