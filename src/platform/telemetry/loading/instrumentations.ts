// The instrumentations of OpenTelemetry's bundle, each loaded when its library is. All of them at once would take a quarter
// of a second and 20 MB at every start, most of it for libraries that are not here.
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
/** Which libraries an instrumentation patches, where that is not the one that it is named for. */
const librariesOf: Readonly<Record<string, readonly string[]>> = {
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
  // It listens to a channel, and fetch() is in Node.
  undici: [],
};
/** Only when OTEL_NODE_ENABLED_INSTRUMENTATIONS names them: two as in the bundle, and one for what is no server. */
const offByDefault = ["fs", "host-metrics", "aws-lambda"];

const conditions = ["node", "import", "module-sync", "node-addons"];
const bundlePath = findPackageJSON("@opentelemetry/auto-instrumentations-node", import.meta.url) ?? "";
const bundleUrl = pathToFileURL(bundlePath).href;
const require = createRequire(import.meta.url);

/** What the bundle at hand has, by the last part of their packages' names, with the libraries that each patches. */
export function bundledInstrumentations(): Map<string, readonly string[]> {
  const { dependencies }: { dependencies: Record<string, string> } = require(bundlePath);
  const names = Object.keys(dependencies).filter((name) => name.startsWith(scope));
  return new Map(names.map((name) => name.slice(scope.length)).map((name) => [name, librariesOf[name] ?? [name]]));
}

/**
 * From here on a library that an instrumentation is for is traced, whoever imports it. Returns the instrumentations that wait
 * for no library, those of Node itself, for the SDK to start. Which there are is said by `config` and by the variables
 * OTEL_NODE_ENABLED_INSTRUMENTATIONS and OTEL_NODE_DISABLED_INSTRUMENTATIONS, as with the bundle's own
 * `getNodeAutoInstrumentations`.
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
  // Each module that it takes over costs a second one, and the reading of its exports.
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
  const { enabled: set } = settingsOf(name, config);
  if (set !== undefined) return set;
  if (getStringListFromEnv("OTEL_NODE_DISABLED_INSTRUMENTATIONS")?.includes(name)) return false;
  const enabled = getStringListFromEnv("OTEL_NODE_ENABLED_INSTRUMENTATIONS");
  return enabled === undefined ? !offByDefault.includes(name) : enabled.includes(name);
}

/** One that cannot be loaded is no reason not to start, or to lose the library. */
function load(name: string, config: InstrumentationConfigMap): Instrumentation[] {
  try {
    const exported: Record<string, unknown> = require(scope + name);
    const made = Object.entries(exported).find(([key]) => key.endsWith("Instrumentation"))?.[1];
    if (typeof made !== "function") throw new TypeError(`${scope}${name} exports no instrumentation`);
    return [Reflect.construct(made, [settingsOf(name, config)])];
  } catch (error) {
    diag.error(`${scope}${name} cannot be loaded`, error);
    return [];
  }
}

function settingsOf(name: string, config: InstrumentationConfigMap): InstrumentationConfig {
  return new Map(Object.entries(config)).get(scope + name) ?? {};
}

/** The name of the package that a module is a file of, or "". */
function packageOf(url: string): string {
  const folder = "/node_modules/";
  const at = url.lastIndexOf(folder);
  if (at === -1) return "";
  const [first = "", second = ""] = url.slice(at + folder.length).split("/", 2);
  return first.startsWith("@") ? `${first}/${second}` : first;
}
