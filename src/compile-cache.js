// Keeps what Node makes of each source file, TypeScript without its types and compiled code, for the next start: that is a
// third of the time to start, and the memory of the compiler that strips the types. Loaded with `--import` ahead of
// everything else. JavaScript, because a TypeScript file would have loaded that compiler already.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Where it cannot be written, it is only read; NODE_COMPILE_CACHE names another folder, NODE_DISABLE_COMPILE_CACHE=1 none.
// It lies with the packages, whose installation anew deletes it. Node itself checks that an entry belongs to its source.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));
