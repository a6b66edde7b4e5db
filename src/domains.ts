// Lists the domains of this service. Edit it when you add, rename or remove one.
import { automations } from "./automations/domain.ts";
import type { Domain } from "./platform/domain.ts";

export const domains: readonly Domain[] = [automations];
