// The domains of this service: the one list to edit when you add, rename or remove one.
import { automations } from "./automations/domain.ts";
import type { Domain } from "./platform/domain.ts";

export const domains: readonly Domain[] = [automations];
