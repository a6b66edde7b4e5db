// Loads each instrumentation of OpenTelemetry's bundle together with its library. Loading all of them would cost a quarter of a
// second and 20 MB at every start, mostly for libraries that the service doesn't use.
import { createRequire, findPackageJSON, isBuiltin, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { diag } from "@opentelemetry/api";
import type { InstrumentationConfigMap } from "@opentelemetry/auto-instrumentations-node";
import { getStringListFromEnv } from "@opentelemetry/core";
import {
  type Instrumentation,
  type InstrumentationConfig,
  registerInstrumentations,
} from "@opentelemetry/instrumentation";
import { register } from "import-in-the-middle/register-hooks.mjs";

const scope = "@opentelemetry/instrumentation-";
/** The libraries that an instrumentation patches, where its name doesn't say it. */
const patchedLibraries: Readonly<Record<string, readonly string[]>> = {
  "aws-lambda": [],
  "aws-sdk": [
    "@aws-sdk/middleware-stack",
    "@smithy/middleware-stack",
    "@smithy/core",
    "@aws-sdk/smithy-client",
    "@smithy/smithy-client",
  ],
  cucumber: ["@cucumber/cucumber"],
  dns: ["dns", "dns/promises"],
  fs: ["fs", "fs/promises"],
  grpc: ["@grpc/grpc-js"],
  hapi: ["@hapi/hapi"],
  "host-metrics": [],
  http: ["https", "http"],
  "nestjs-core": ["@nestjs/core"],
  pg: ["pg", "pg-pool"],
  redis: ["redis", "@redis/client", "@node-redis/client"],
  "runtime-node": [],
  // It subscribes to a diagnostics channel, and fetch() is part of Node.
  undici: [],
};
/** On only when OTEL_NODE_ENABLED_INSTRUMENTATIONS names them: the bundle's two, and one that isn't for servers. */
const offByDefault = ["fs", "host-metrics", "aws-lambda"];

const conditions = ["node", "import", "module-sync", "node-addons"];
const bundlePath = findPackageJSON("@opentelemetry/auto-instrumentations-node", import.meta.url) ?? "";
const bundleUrl = pathToFileURL(bundlePath).href;
const require = createRequire(import.meta.url);

/** Returns the libraries that each instrumentation of the installed bundle patches, by the last part of its package's name. */
export function bundledInstrumentations(): Map<string, readonly string[]> {
  const { dependencies }: { dependencies: Record<string, string> } = require(bundlePath);
  const names = Object.keys(dependencies).filter((name) => name.startsWith(scope));
  return new Map(names.map((name) => name.slice(scope.length)).map((name) => [name, patchedLibraries[name] ?? [name]]));
}

/**
 * Instruments the libraries that are loaded after this call. Returns the instrumentations of Node itself, which don't wait for a
 * library, for the SDK to start. As with the bundle's own `getNodeAutoInstrumentations`, `config` and the variables
 * OTEL_NODE_ENABLED_INSTRUMENTATIONS and OTEL_NODE_DISABLED_INSTRUMENTATIONS choose the instrumentations.
 */
export function instrument(config: InstrumentationConfigMap): Instrumentation[] {
  const atStart: string[] = [];
  const waiting = new Map<string, string>();
  const builtins: string[] = [];
  for (const [name, libraries] of bundledInstrumentations()) {
    if (!isEnabled(name, config)) continue;
    if (libraries.every((library) => isBuiltin(library))) {
      atStart.push(name);
      builtins.push(...libraries);
    } else {
      for (const library of libraries) waiting.set(library, name);
    }
  }
  // Only these modules, because wrapping creates a second module for each and parses its exports.
  const packages = [...waiting.keys()].map((name) => name.replaceAll(".", "\\.")).join("|");
  register({ include: [...builtins, new RegExp(`/node_modules/(?:${packages})/`)] });

  const started = new Set<string>();
  const start = (name: string) => {
    started.add(name);
    return load(name, config);
  };
  registerHooks({
    resolve(specifier, context, next) {
      if (context.parentURL === import.meta.url && specifier.startsWith(scope)) {
        return next(specifier, { ...context, parentURL: bundleUrl, conditions });
      }
      const resolved = next(specifier, context);
      const name = waiting.get(packageOf(resolved.url));
      if (name !== undefined && !started.has(name)) registerInstrumentations({ instrumentations: start(name) });
      return resolved;
    },
  });
  return atStart.flatMap(start);
}

function isEnabled(name: string, config: InstrumentationConfigMap): boolean {
  const { enabled: setting } = settingsOf(name, config);
  if (setting !== undefined) return setting;
  if (getStringListFromEnv("OTEL_NODE_DISABLED_INSTRUMENTATIONS")?.includes(name)) return false;
  const enabled = getStringListFromEnv("OTEL_NODE_ENABLED_INSTRUMENTATIONS");
  return enabled === undefined ? !offByDefault.includes(name) : enabled.includes(name);
}

/** Returns no instrumentation when it can't be loaded: the service and the library work without it. */
function load(name: string, config: InstrumentationConfigMap): Instrumentation[] {
  try {
    const exported: Record<string, unknown> = require(scope + name);
    const Constructor = Object.entries(exported).find(([key]) => key.endsWith("Instrumentation"))?.[1];
    if (typeof Constructor !== "function") throw new TypeError(`${scope}${name} exports no instrumentation`);
    return [Reflect.construct(Constructor, [settingsOf(name, config)])];
  } catch (error) {
    diag.error(`can't load ${scope}${name}`, error);
    return [];
  }
}

function settingsOf(name: string, config: InstrumentationConfigMap): InstrumentationConfig {
  return new Map(Object.entries(config)).get(scope + name) ?? {};
}

/** Returns the name of the package that the module `url` belongs to, or "". */
function packageOf(url: string): string {
  const folder = "/node_modules/";
  const at = url.lastIndexOf(folder);
  if (at === -1) return "";
  const [first = "", second = ""] = url.slice(at + folder.length).split("/", 2);
  return first.startsWith("@") ? `${first}/${second}` : first;
}
