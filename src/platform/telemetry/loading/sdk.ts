// Loads OpenTelemetry's SDK for Node without its less common parts. It imports everything that it can be configured to use; gRPC,
// Prometheus and the configuration file alone take 100 ms and 15 MB. Here, they are loaded on first use.
import { createRequire, registerHooks } from "node:module";
import { packageUrls } from "./sdk-stand-ins.ts";

type Sdk = typeof import("@opentelemetry/sdk-node");

const standIns = new URL("sdk-stand-ins.ts", import.meta.url).href;

/**
 * Imports `@opentelemetry/sdk-node`, with the exports of sdk-stand-ins.ts in place of the packages listed there. If that fails,
 * loads the whole SDK and returns the reason as `note`. With `useStandIns` false, always loads the whole SDK.
 */
export async function importSdk(useStandIns: boolean): Promise<Pick<Sdk, "startNodeSdk"> & { note?: string }> {
  if (!useStandIns) return import("@opentelemetry/sdk-node");
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (!packageUrls.has(specifier)) return resolved;
      packageUrls.set(specifier, resolved.url);
      return { ...resolved, url: standIns, format: "module-typescript" };
    },
  });
  try {
    const { startNodeSdk } = await import("@opentelemetry/sdk-node");
    return { startNodeSdk };
  } catch (error) {
    // Node doesn't retry a module that failed to link, so load the package's CommonJS build.
    hooks.deregister();
    const { startNodeSdk }: Sdk = createRequire(import.meta.url)("@opentelemetry/sdk-node");
    const reason = error instanceof Error ? error.message : String(error);
    return { startNodeSdk, note: `telemetry: loaded the whole SDK, which takes longer: ${reason}` };
  } finally {
    hooks.deregister();
  }
}
