// What is wrong with a URL as a destination, as far as the URL alone tells. A name is looked up when it is connected to:
// what it stands for now need not be what it stands for then.
import { isIP } from "node:net";
import { Problem } from "../request/problem.ts";
import type { AddressPolicy } from "./address-policy.ts";

/** Why a destination is not called: not an http(s) address, a user name or password in it, or an address that the policy refuses. */
export type Refusal = "scheme" | "credentials" | "address";

/** What to tell who wrote the URL: never an address that a name stands for, or whether anything answers there. */
export const refusalDetails: Readonly<Record<Refusal, string>> = {
  scheme: "It must be an http or https address",
  credentials: "It must not have a user name or password in it",
  address: "It must be on the public internet",
};

/** The refusal of `url`, if it tells by itself. The URL parser has brought every spelling of an address into one, or none. */
export function refusalOf(url: URL | null, mayConnect: AddressPolicy): Refusal | undefined {
  if (url === null) return "scheme";
  if (url.protocol !== "http:" && url.protocol !== "https:") return "scheme";
  if (url.username !== "" || url.password !== "") return "credentials";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) !== 0 && !mayConnect(host) ? "address" : undefined;
}

/** A call that is not made: destination_refused, with the refusal as its cause. */
export class DestinationRefused extends Problem {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super("destination_refused", { detail: refusalDetails[refusal] });
    this.refusal = refusal;
  }
}
