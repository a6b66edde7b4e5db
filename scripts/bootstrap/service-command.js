// Every script starts the service like `npm start`.
import { startScript } from "./package.js";

/** Node's arguments. They follow `exec` and `node`; `exec` keeps npm's shell from swallowing signals. */
export const serviceCommand = startScript.split(" ").slice(2);
