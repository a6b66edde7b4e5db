// Shows each step of a start as one line with its elapsed time: live on a terminal, every few seconds in a log.

/**
 * @param {NodeJS.WriteStream} out
 * @param {number} [quietMs] how long a step may be silent when `out` is no terminal
 */
export function createProgress(out, quietMs = 5000) {
  const live = out.isTTY === true;

  /**
   * Runs `work` as a step; what it resolves to is the step's result, shown at the end of its line.
   * @template T
   * @param {string} name
   * @param {(note: (text: string) => void) => Promise<{ shown: string, value: T }>} work `note` tells what it is doing now
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
    /** Writes a line of its own, above the running step's. @param {string} text */
    print: (text) => out.write(live ? `\r\x1b[K${text}\n` : `${text}\n`),
  };
}
