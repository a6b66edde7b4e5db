// OpenTelemetry's SDK for Node without the parts that few services ask for. It imports all that it can be told to use, and
// gRPC, Prometheus and the configuration file alone take 100 ms and 15 MB: here they are loaded when they are first used.
import { createRequire, registerHooks } from "node:module";
import { addresses } from "./sdk-stand-ins.ts";

type Sdk = typeof import("@opentelemetry/sdk-node");

const standIns = new URL("sdk-stand-ins.ts", import.meta.url).href;

/**
 * `@opentelemetry/sdk-node`, with the exports of sdk-stand-ins.ts in place of the packages that are named there, or whole when
 * that fails: then `note` says so. With `standingIn` false it is whole anyway.
 */
export async function importSdk(standingIn: boolean): Promise<Pick<Sdk, "startNodeSdk"> & { note?: string }> {
  if (!standingIn) return import("@opentelemetry/sdk-node");
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (!addresses.has(specifier)) return resolved;
      addresses.set(specifier, resolved.url);
      return { ...resolved, url: standIns, format: "module-typescript" };
    },
  });
  try {
    const { startNodeSdk } = await import("@opentelemetry/sdk-node");
    return { startNodeSdk };
  } catch (error) {
    // A module that could not be linked stays so: only its other build can still be loaded.
    hooks.deregister();
    const { startNodeSdk }: Sdk = createRequire(import.meta.url)("@opentelemetry/sdk-node");
    const reason = error instanceof Error ? error.message : String(error);
    return { startNodeSdk, note: `telemetry: the whole SDK is loaded, which takes longer: ${reason}` };
  } finally {
    hooks.deregister();
  }
}
