// The first Ctrl-C stops everything in order; a second one, if that takes too long, kills everything.

/** npm forwards the terminal's signal, so one key press arrives twice within milliseconds. */
const SAME_PRESS_MS = 500;

/**
 * @param {() => void} killAll called on the second request, before this process exits
 * @returns {AbortSignal} aborted by the first SIGINT, SIGTERM or SIGHUP
 */
export function stopSignal(killAll) {
  const controller = new AbortController();
  let firstAt = 0;
  const request = () => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      killAll();
      process.exit(130);
    }
  };
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, request);
  process.stdout.on("error", () => {}); // the terminal may close before the children end
  return controller.signal;
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
