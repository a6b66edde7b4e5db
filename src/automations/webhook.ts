// Calls an automation's webhook and waits for its answer, briefly.
import { Agent, fetch } from "undici";
import { Problem } from "../platform/problem.ts";
import { currentDeadline } from "../platform/request-context.ts";

export type Webhooks = ReturnType<typeof webhooks>;

/** A caller of webhooks with connections of its own. A call that takes longer than `timeoutMs` in all is given up. */
export function webhooks(timeoutMs: number) {
  const agent = new Agent({ connections: 50, connect: { timeout: timeoutMs } });
  return {
    /**
     * POSTs `payload` as JSON and gives the status of the answer. Redirects are not followed.
     *
     * @throws {Problem} outbound_timeout; dependency_failed when nothing answers.
     */
    async call(url: string, payload: object): Promise<number> {
      const deadline = currentDeadline();
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(payload),
          redirect: "manual",
          signal: deadline
            ? AbortSignal.any([deadline.signal, AbortSignal.timeout(timeoutMs)])
            : AbortSignal.timeout(timeoutMs),
          dispatcher: agent,
        });
        await response.body?.cancel();
        return response.status;
      } catch (error) {
        if (error instanceof Problem) throw error;
        const timedOut = error instanceof Error && error.name === "TimeoutError";
        throw new Problem(timedOut ? "outbound_timeout" : "dependency_failed", { cause: error });
      }
    },
    close: () => agent.close(),
  };
}
