// Names with dashes and digits, a long one, a word of SQL; each with and without the example.
import type { Answers } from "../../scripts/init/answers.js";

const names = [
  { name: "shop-2-orders", domain: "order-items2", port: 8000 },
  {
    name: "a-service-with-a-name-that-is-as-long-as-it-can-be",
    domain: "things-with-a-name-as-long-as-it-can-be",
    port: 18_123,
  },
  { name: "select", domain: "groups", port: 4100 },
];

export const cases: readonly Answers[] = names.flatMap(({ name, domain, port }) =>
  [domain, ""].map((each) => ({
    name,
    domain: each,
    database: name.replaceAll("-", "_"),
    port,
    holder: "Some Company Ltd.",
    date: "2026-12-01",
  })),
);
