// What src/main.ts imports in place of src/app.ts: the same application, with the routes of the benchmark.
import { buildApp as build } from "../../../src/app.ts";
import { routes } from "./routes.ts";

export const buildApp: typeof build = (config, dependencies) =>
  build(config, { ...dependencies, routes: routes(dependencies.database) });
