// OpenTelemetry's SDK for Node without the parts that few services ask for. It imports all that it can be told to use, and
// gRPC, Prometheus and the configuration file alone take 100 ms and 15 MB: here they are loaded when they are first used.
import { registerHooks } from "node:module";
import { addresses } from "./sdk-stand-ins.ts";

const parts = new URL("sdk-stand-ins.ts", import.meta.url).href;

/** `@opentelemetry/sdk-node`, with the exports of sdk-stand-ins.ts in place of the packages that are named there. */
export async function importSdk(): Promise<typeof import("@opentelemetry/sdk-node")> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (!addresses.has(specifier)) return resolved;
      addresses.set(specifier, resolved.url);
      return { ...resolved, url: parts, format: "module-typescript" };
    },
  });
  try {
    return await import("@opentelemetry/sdk-node");
  } finally {
    hooks.deregister();
  }
}
