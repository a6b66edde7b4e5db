// Mocha loads this before the tests, which need a real MySQL: `npm test` finds or starts one. With MYSQL_GLOBALS=hostile, they run
// on a server whose global settings differ from ours as much as possible.
import "./replace-domains.js";
import { openConnection } from "../../src/platform/database/connection.ts";
import { hostileGlobals, setGlobals } from "../hostile/globals.ts";

const { MYSQL_URL, MYSQL_GLOBALS } = process.env;
if (!MYSQL_URL) throw new Error("MYSQL_URL is not set: run the tests with `npm test`, which starts a database");

let restore = async () => {};

export async function mochaGlobalSetup(): Promise<void> {
  if (!MYSQL_GLOBALS || MYSQL_GLOBALS === "default") return;
  if (MYSQL_GLOBALS !== "hostile") throw new Error(`MYSQL_GLOBALS is "${MYSQL_GLOBALS}": it takes default or hostile`);
  const connection = await openConnection(MYSQL_URL ?? "");
  const restoreGlobals = await setGlobals(connection, hostileGlobals);
  restore = async () => {
    await restoreGlobals();
    await connection.end();
  };
}

export const mochaGlobalTeardown = () => restore();
