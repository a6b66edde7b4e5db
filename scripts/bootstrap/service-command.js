// Every script starts the service like `npm start`.
import { readFileSync } from "node:fs";

/** @type {{ scripts: { start: string } }} */
const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** Node's arguments. They follow `exec` and `node`; `exec` keeps npm's shell from swallowing signals. */
export const serviceCommand = scripts.start.split(" ").slice(2);
