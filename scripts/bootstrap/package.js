// What scripts read from package.json.
import { readFileSync } from "node:fs";

/** @type {{ name: string }} */
const { name } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** The service's name. */
export const serviceName = name;
