// A request passes through many small functions, and V8 by default inlines only the first few of those that call one another.
import { flushCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";

/** They only say how much V8 optimises: where it does not know one, it says so and goes on. */
const flags = [
  "--max-inlined-bytecode-size=2000",
  "--max-inlined-bytecode-size-cumulative=4000",
  "--max-inlined-bytecode-size-absolute=10000",
  "--min-inlining-frequency=0.05",
  // Shapes of objects that one place in the code may meet before V8 gives up to tell them apart there.
  "--max-valid-polymorphic-map-count=8",
];

/**
 * Lets V8 inline more, for less processor time a request: how much, `npm run bench -- --only koa,template` tells with and without
 * this call. To be made when everything is loaded: V8 takes no compiled code from a cache that was made under other flags, neither
 * from that of `compile-cache.js` nor from Node's own, and the start would be longer.
 */
export function inlineMore(): void {
  flushCompileCache();
  for (const flag of flags) setFlagsFromString(flag);
}
