// Turns a JSON log line into a readable one for the terminal: level, message, fields, and the stack below.

const WARNINGS = new Set(["warn", "error", "fatal"]);
/** The same on every line, or shown elsewhere. */
const LEFT_OUT = new Set(["level", "time", "pid", "hostname", "name", "msg", "err", "span_id", "trace_flags"]);

/**
 * @param {string} line
 * @param {{ all: boolean, plain: boolean }} shown `all`: also records below warning; `plain`: also lines that are not log records
 * @returns {string | undefined} undefined when it should not be shown
 */
export function readableLogLine(line, { all, plain }) {
  const record = parseRecord(line);
  if (record === undefined) return plain && line.trim() !== "" ? line : undefined;
  const { level, msg, err } = record;
  if (!all && !WARNINGS.has(String(level))) return undefined;
  const fields = Object.entries(record)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const head = [String(level).toUpperCase(), msg, ...fields].filter(Boolean).join("  ");
  if (typeof err !== "object" || err === null || !("stack" in err)) return head;
  return `${head}\n${String(err.stack)}`;
}

/** @param {string} line @returns {Record<string, unknown> | undefined} */
function parseRecord(line) {
  if (!line.startsWith("{")) return undefined;
  try {
    const record = JSON.parse(line);
    return "level" in record ? record : undefined;
  } catch {
    return undefined;
  }
}
