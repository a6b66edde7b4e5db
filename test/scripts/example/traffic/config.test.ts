import { deepEqual, throws } from "node:assert/strict";
import { readConfig } from "../../../../scripts/example/traffic/config.ts";

describe("the traffic generator's settings", () => {
  it("have defaults for a service on this machine", () => {
    deepEqual(readConfig({}), {
      enabled: true,
      rate: 5,
      target: "http://127.0.0.1:8000",
      apiKey: "development-key",
      webhooks: "http://127.0.0.1:9000/hooks",
    });
  });

  const wrong: [name: string, ...values: string[]][] = [
    ["TRAFFIC", "", "yes"],
    ["TRAFFIC_RATE", "", "0", "-1", "101", "many", "Infinity"],
    ["TARGET_URL", "", "localhost:8000", "/"],
    ["WEBHOOK_URL", "ftp://hooks"],
    ["API_KEY", "", "two words"],
  ];
  for (const [name, ...values] of wrong) {
    it(`report an invalid ${name}`, () => {
      for (const value of values)
        throws(() => readConfig({ [name]: value }), new RegExp(`^Error: ${name} .*takes`), value);
    });
  }
});
