// Which caller a request counts for, where limits are per caller.
import { clientNetwork } from "../ip-address.ts";
import type { RequestState } from "./types.ts";

/** The authenticated subject, else the network of the client's address. */
export function callerOf({ subject, clientAddress = "" }: RequestState): string {
  return subject === undefined ? `address:${clientNetwork(clientAddress)}` : `subject:${subject}`;
}

/** The caller of a request whose route makes outbound calls; undefined for any other route. */
export function callerOfOutbound(state: RequestState): string | undefined {
  return state.route?.outbound === true ? callerOf(state) : undefined;
}
