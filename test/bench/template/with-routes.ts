// Loaded with --import before the real src/main.ts, so that the benchmark measures the production code rather than a copy. Only its
// import of ./app.ts is redirected to the application with the benchmark's routes.
import { registerHooks } from "node:module";

const main = new URL("../../../src/main.ts", import.meta.url).href;
const app = new URL("app.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    next(context.parentURL === main && specifier === "./app.ts" ? app : specifier, context),
});
