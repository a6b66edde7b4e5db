// Calls an automation's webhook and waits for its answer, briefly.
import type { HttpClient } from "../platform/http-client/client.ts";

export type Webhooks = ReturnType<typeof webhooks>;

/** A caller of webhooks. What a call may cost, and where it may go, is up to `client`. */
export function webhooks(client: Pick<HttpClient, "request" | "refusal">) {
  return {
    /**
     * POSTs `payload` as JSON, once, and gives the status of the answer. Redirects are not followed.
     *
     * @throws {Problem} outbound_timeout; dependency_failed when nothing answers; destination_refused.
     */
    async call(url: string, payload: object): Promise<number> {
      const { status } = await client.request(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(payload),
      });
      return status;
    },

    /** Why `url` will never be called, if that can be told from it. */
    refusal: (url: string) => client.refusal(url),
  };
}
