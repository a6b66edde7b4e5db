// Checks a URL as a destination without resolving its host name. The connector checks the address when it connects, since a
// name can resolve differently by then.
import { isIP } from "node:net";
import { Problem } from "../request/problem.ts";
import type { AddressPolicy } from "./address-policy.ts";

/** Why a destination is refused: not http(s), credentials in the URL, or an address that the policy forbids. */
export type Refusal = "scheme" | "credentials" | "address";

/** Messages for the author of the URL. They never reveal what a name resolves to, or whether anything answers there. */
export const refusalDetails: Readonly<Record<Refusal, string>> = {
  scheme: "It must be an http or https URL",
  credentials: "It must not contain a user name or password",
  address: "It must be on the public internet",
};

/** Why `url` is refused, or undefined. Relies on the URL parser, which normalises every spelling of an IP address. */
export function checkDestination(url: URL | null, mayConnect: AddressPolicy): Refusal | undefined {
  if (url === null) return "scheme";
  if (url.protocol !== "http:" && url.protocol !== "https:") return "scheme";
  if (url.username !== "" || url.password !== "") return "credentials";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) !== 0 && !mayConnect(host) ? "address" : undefined;
}

/** The problem destination_refused, with the reason. */
export class DestinationRefused extends Problem {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super("destination_refused", { detail: refusalDetails[refusal] });
    this.refusal = refusal;
  }
}
