// How the service is started, wherever that is done: as `npm start` does.
import { readFileSync } from "node:fs";

/** @type {{ scripts: { start: string } }} */
const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** The arguments of Node, in the project's folder. Before them: `exec`, so that the shell between npm and Node keeps no signal. */
export const serviceCommand = scripts.start.split(" ").slice(2);
