import assert from "node:assert/strict";
import { localParts } from "../../../scripts/bootstrap/local-parts.js";
import { localSettings } from "../../../scripts/bootstrap/settings.js";

const url = "mysql://u:p@127.0.0.1/x";

describe("settings of npm run local for the example", () => {
  it("point the parts to each other's ports", () => {
    const settings = localSettings({ PORT: "1111", WEBHOOK_PORT: "3333" }, "", []);
    assert.equal(settings.serviceEnv(url).SEED_WEBHOOK_URL, "http://127.0.0.1:3333/hooks");
    assert.equal(settings.example.trafficEnv.TARGET_URL, "http://127.0.0.1:1111");
    assert.equal(settings.example.trafficEnv.WEBHOOK_URL, "http://127.0.0.1:3333/hooks");
    assert.equal(settings.example.webhookEnv.WEBHOOK_PORT, "3333");
  });

  it("start the traffic last, unless it is off", () => {
    const names = (shell: Record<string, string>, args: string[]) =>
      localParts(localSettings(shell, "", args), url).map(({ name }) => name);
    assert.deepEqual(names({}, []), ["webhook", "viewer", "service", "traffic"]);
    assert.deepEqual(names({ TRAFFIC: "off" }, []), ["webhook", "viewer", "service"]);
    assert.deepEqual(names({}, ["--traffic=off"]), ["webhook", "viewer", "service"]);
    assert.deepEqual(names({}, ["--watch"]), ["webhook", "viewer", "service"]);
    assert.deepEqual(names({}, ["--watch", "--traffic=on"]), ["webhook", "viewer", "service", "traffic"]);
  });

  it("reject an invalid port with the variable's name", () => {
    assert.throws(() => localSettings({}, "WEBHOOK_PORT=70000", []), /^Error: WEBHOOK_PORT is "70000"/);
  });
});
