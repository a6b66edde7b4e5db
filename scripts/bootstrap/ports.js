// Finds taken ports before anything starts, and names the variable to change.
import { connect, createServer } from "node:net";
import { Failure } from "./failure.js";

/** @typedef {{ variable: string, port: number, what: string }} PortSetting */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} variable
 * @param {number} fallback
 * @param {string} what
 * @returns {PortSetting}
 */
export function readPort(env, variable, fallback, what) {
  const text = env[variable] ?? String(fallback);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Failure(`${variable} is "${text}": it takes a port number from 1 to 65535.`);
  }
  return { variable, port, what };
}

/**
 * @param {PortSetting[]} settings
 * @throws {Failure} names every port that is taken or used twice
 */
export async function requireFreePorts(settings) {
  /** @type {string[]} */
  const problems = [];
  for (const [index, { port, variable, what }] of settings.entries()) {
    const twin = settings.slice(0, index).find((other) => other.port === port);
    if (twin !== undefined)
      problems.push(`${twin.variable} and ${variable} are both ${port}: give ${what} another port.`);
    else if (await isTaken(port)) problems.push(`Port ${port} is taken: set ${variable} to a free one for ${what}.`);
  }
  if (problems.length > 0) throw new Failure(problems.join("\n"));
}

/** @returns {Promise<number>} a port that nothing listens on at 127.0.0.1 */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the system assigned no TCP port");
  return address.port;
}

/** @param {number} port @returns {Promise<boolean>} */
async function isTaken(port) {
  // macOS allows binding 127.0.0.1 next to a listener on all addresses, so try to connect as well
  return !(await canListen(port)) || (await answers(port));
}

/** @param {number} port @returns {Promise<boolean>} */
function canListen(port) {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(new Failure(`Port ${port} cannot be used: ${error.message}.`));
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** @param {number} port @returns {Promise<boolean>} whether something listens on it */
export function answers(port) {
  const socket = connect({ port, host: "127.0.0.1" });
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).then((/** @type {boolean} */ connected) => {
    socket.destroy();
    return connected;
  });
}
