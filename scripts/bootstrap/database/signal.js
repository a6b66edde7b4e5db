// Stops, continues or kills a database server that was started here, whether process or container.
import { run } from "../command.js";
import { ownerLabel } from "./container.js";

/**
 * @param {import("./way.js").Database} database
 * @param {"STOP" | "CONT" | "KILL"} signal
 */
export async function signalDatabase({ child, from }, signal) {
  if (child?.pid === undefined) throw new Error(`the database (${from}) was not started here`);
  if (!from.startsWith("container")) {
    process.kill(child.pid, `SIG${signal}`);
    return;
  }
  const { stdout } = await run("docker", ["ps", "--quiet", `--filter=label=${ownerLabel(process.pid)}`]);
  const { code, output } = await run("docker", ["kill", `--signal=${signal}`, stdout.trim()]);
  if (code !== 0) throw new Error(`docker kill: ${output}`);
}

/** Removes the server's volume, if it runs in a container. @param {import("./way.js").Database} database @param {string} volume */
export async function removeVolume({ from }, volume) {
  if (from.startsWith("container")) await run("docker", ["volume", "rm", "--force", volume]);
}
