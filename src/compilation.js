// How the code is compiled. Loaded with `--import` ahead of everything else; JavaScript, because a TypeScript file would load
// the compiler that strips the types, which the cache is to spare.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

// A request passes through many small functions, of which V8 inlines only the first few by itself. These let it inline more,
// and raise how many shapes of objects one place in the code may meet before V8 gives up to tell them apart there. How much
// that saves, `npm run bench -- --only koa,template` tells with and without it. It costs some of the time to start, since V8
// takes none of Node's own code from a cache that was made under other flags; set later, when all is loaded, it saved less.
for (const flag of [
  "--max-inlined-bytecode-size=2000",
  "--max-inlined-bytecode-size-cumulative=4000",
  "--max-inlined-bytecode-size-absolute=10000",
  "--min-inlining-frequency=0.05",
  "--max-valid-polymorphic-map-count=8",
])
  setFlagsFromString(flag);

// Keeps what Node makes of each source file, TypeScript without its types and compiled code, for the next start: that is a
// third of the time to start, and the memory of the compiler that strips the types. Where it cannot be written, it is only
// read; NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 none. It lies with the packages, whose
// installation anew deletes it. Node itself checks that an entry belongs to its source.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));
