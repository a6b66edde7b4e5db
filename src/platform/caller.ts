// Whom a request counts for where what one caller may take is bounded.
import { clientNetwork } from "./client-address.ts";
import type { RequestState } from "./http.ts";

/** The authenticated subject, else the network of the client's address. */
export function callerOf({ subject, clientAddress = "" }: RequestState): string {
  return subject === undefined ? `address:${clientNetwork(clientAddress)}` : `subject:${subject}`;
}
