// Identifies the caller of a request, for limits per caller.
import { clientNetwork } from "../ip-address.ts";
import type { RequestState } from "./types.ts";

/** The authenticated subject, or else the network of the client's address. */
export function callerOf({ subject, clientAddress = "" }: RequestState): string {
  return subject === undefined ? `address:${clientNetwork(clientAddress)}` : `subject:${subject}`;
}

/** The caller, if the request's route makes outbound calls; otherwise undefined. */
export function callerOfOutbound(state: RequestState): string | undefined {
  return state.route?.outbound === true ? callerOf(state) : undefined;
}
