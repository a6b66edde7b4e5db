// Ctrl-C asks for an orderly end; a second one, when the first takes too long, ends everything at once.

/** npm passes a terminal's signal on, so that one key press arrives twice within milliseconds. */
const SAME_PRESS_MS = 500;

/**
 * @param {() => void} killAll what the second request does before this process ends
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
  process.stdout.on("error", () => {}); // the terminal may be gone before the children are
  return controller.signal;
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
