// Wraps the SDK's tracer provider.
import type { Tracer, TracerOptions, TracerProvider } from "@opentelemetry/api";
import { partsOf } from "./sdk-tracer.ts";
import { LeanTracer } from "./tracer.ts";

/** The methods of the SDK's provider that the API's type lacks. */
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

  /** Returns a lean tracer, or the SDK's own when its settings need the SDK's spans. */
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
