// Stands in front of the SDK's provider of tracers.
import type { Tracer, TracerOptions, TracerProvider } from "@opentelemetry/api";
import { partsOf } from "./sdk-tracer.ts";
import { LeanTracer } from "./tracer.ts";

/** The SDK's, beyond the API. */
export interface SdkTracerProvider extends TracerProvider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export class LeanTracerProvider implements SdkTracerProvider {
  readonly #sdk: SdkTracerProvider;
  readonly #tracers = new WeakMap<Tracer, Tracer>();

  constructor(sdk: SdkTracerProvider) {
    this.#sdk = sdk;
  }

  /** A lean tracer, or the SDK's own when that one has something that lean spans do not heed. */
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const sdk = this.#sdk.getTracer(name, version, options);
    let tracer = this.#tracers.get(sdk);
    if (tracer === undefined) {
      const parts = partsOf(sdk);
      tracer = typeof parts === "string" ? sdk : new LeanTracer(sdk, parts);
      this.#tracers.set(sdk, tracer);
    }
    return tracer;
  }

  forceFlush(): Promise<void> {
    return this.#sdk.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#sdk.shutdown();
  }
}
