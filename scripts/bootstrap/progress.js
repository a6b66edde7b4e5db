// Shows each startup step as one line with its elapsed time: live on a terminal, every few seconds in a log.

/**
 * @param {NodeJS.WriteStream} out
 * @param {number} [quietMs] interval of a step's lines when `out` is not a terminal
 */
export function createProgress(out, quietMs = 5000) {
  const live = out.isTTY === true;

  /**
   * Runs `work` as a step and resolves to its `value`; `shown` appears at the end of the line.
   * @template T
   * @param {string} name
   * @param {(note: (text: string) => void) => Promise<{ shown: string, value: T }>} work `note` reports what it is doing
   * @returns {Promise<T>}
   */
  async function step(name, work) {
    const startedAt = performance.now();
    let doing = "";
    const show = (/** @type {string} */ mark, /** @type {string} */ text, /** @type {string} */ end) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const line = `${mark} ${name.padEnd(12)} ${text} (${seconds} s)`;
      out.write(live ? `\r\x1b[K${line.slice(0, (out.columns || 120) - 1)}${end}` : `${line}\n`);
    };
    const timer = setInterval(() => show("…", doing, ""), live ? 200 : quietMs);
    try {
      const { shown, value } = await work((text) => {
        doing = text;
        if (live) show("…", doing, "");
      });
      show("✓", shown, "\n");
      return value;
    } catch (error) {
      show("✗", doing, "\n");
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  return {
    step,
    /** Prints a line above the running step. @param {string} text */
    print: (text) => out.write(live ? `\r\x1b[K${text}\n` : `${text}\n`),
  };
}
