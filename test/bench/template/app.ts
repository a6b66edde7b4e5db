// Replaces src/app.ts in src/main.ts: the same application with the benchmark's routes.
import { buildApp as build } from "../../../src/app.ts";
import { routes } from "./routes.ts";

export const buildApp: typeof build = (config, dependencies) =>
  build(config, { ...dependencies, routes: routes(dependencies.database) });
