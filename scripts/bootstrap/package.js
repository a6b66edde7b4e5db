// What scripts read from package.json.
import { readFileSync } from "node:fs";

/** @type {{ name: string, scripts: { start: string } }} */
const { name, scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** The service's name. */
export const serviceName = name;
/** The command line of `npm start`. */
export const startScript = scripts.start;
