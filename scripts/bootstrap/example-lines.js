// Recognises the service's warnings that the example's traffic provokes on purpose.

/**
 * @param {string} line of the service's log
 * @returns {"slow" | "breaker" | undefined} undefined for every other line: errors, and whatever your own code is slow at
 */
export function exampleLine(line) {
  if (!line.startsWith("{")) return undefined;
  /** @type {{ level?: string, msg?: string, route?: string, query?: string, breaker?: string }} */
  let record;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { level, msg, route = "", query = "", breaker = "" } = record;
  if (level !== "warn") return undefined;
  if (msg === "slow request" && /^\/api\/(?:optimized\/)?automations\b/.test(route)) return "slow";
  if (msg === "slow query" && /^(?:automations|runs)\./.test(query)) return "slow";
  // The webhooks that fail and hang open the breaker of the receiver.
  return msg?.startsWith("breaker opened") && /\b127\.0\.0\.1\b/.test(breaker) ? "breaker" : undefined;
}
