// The domains of the service under test: its own, and one that belongs to the tests, so that these ask no route of yours.
import { domains as ownDomains } from "../../src/domains.ts";
import type { Domain } from "../../src/platform/domain.ts";
import { fixture } from "./fixture/domain.ts";

export { ownDomains };
export const domains: readonly Domain[] = [fixture, ...ownDomains];
