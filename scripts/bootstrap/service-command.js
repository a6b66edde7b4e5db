// Every script starts the service like `npm start`.
import { readFileSync } from "node:fs";

/** @returns {string[]} Node's arguments, as package.json has them now */
export function readServiceCommand() {
  /** @type {{ scripts: { start: string } }} */
  const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  // They follow `exec` and `node`; `exec` keeps npm's shell from swallowing signals.
  return scripts.start.split(" ").slice(2);
}

export const serviceCommand = readServiceCommand();
