// Shows each startup step as one line with its elapsed time: live on a terminal, every few seconds in a log. On a terminal, one
// more line can stay below everything that is printed.

/**
 * @param {NodeJS.WriteStream} out
 * @param {number} [quietMs] interval of a step's lines when `out` is not a terminal
 */
export function createProgress(out, quietMs = 5000) {
  const live = out.isTTY === true;
  let pinned = "";
  const clip = (/** @type {string} */ text) => text.slice(0, (out.columns || 120) - 1);

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
      out.write(live ? `\r\x1b[K${clip(line)}${end}` : `${line}\n`);
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
    live,
    step,
    /** Prints a line above the running step or the status. @param {string} text */
    print: (text) => out.write(live ? `\r\x1b[K${text}\n${clip(pinned)}` : `${text}\n`),
    /** Keeps a line at the bottom of a terminal; an empty one removes it. @param {string} text */
    status(text) {
      pinned = text;
      if (live) out.write(`\r\x1b[K${clip(text)}`);
    },
  };
}
