// Caches each source file without its types and as compiled code for the next start. This saves a third of the startup time, and
// the memory of the compiler that strips types. Loaded with `--import` before everything else. Written in JavaScript, because a
// TypeScript file would already load that compiler.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// If the folder isn't writable, Node only reads it. NODE_COMPILE_CACHE sets another folder; NODE_DISABLE_COMPILE_CACHE=1 turns it
// off. The folder is in node_modules, so that `npm ci` clears it. Node checks that each entry matches its source.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));
