// Calls an automation's webhook. The HTTP client limits its duration and destination.
import type { HttpClient } from "../platform/http-client/client.ts";

/** What {@link webhooks} returns. */
export type Webhooks = ReturnType<typeof webhooks>;

/** Calls webhooks through `client`. */
export function webhooks(client: Pick<HttpClient, "request" | "refusal">) {
  return {
    /**
     * POSTs `payload` as JSON, without retries, and returns the response's status. Does not follow redirects.
     *
     * @throws {Problem} outbound_timeout; dependency_failed when there is no response; destination_refused; breaker_open.
     */
    async call(url: string, payload: object): Promise<number> {
      const { status } = await client.request(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(payload),
      });
      return status;
    },

    /** Why `url` can never be called, as far as the URL itself shows it. */
    refusal: (url: string) => client.refusal(url),
  };
}
