import assert from "node:assert/strict";
import { localParts } from "../../scripts/bootstrap/local-parts.js";
import { localSettings } from "../../scripts/bootstrap/settings.js";

const url = "mysql://u:p@127.0.0.1/x";

describe("settings of npm run local", () => {
  it("takes a variable from the shell, then from .env, then from the defaults", () => {
    const settings = localSettings({ PORT: "8001" }, "PORT=8002\nSLOW_QUERY_MS=5\n", []);
    const env = settings.serviceEnv(url);
    assert.equal(env.PORT, "8001");
    assert.equal(env.SLOW_QUERY_MS, "5");
    assert.equal(env.APP_ENV, "development");
  });

  it("treats an empty variable as unset", () => {
    const settings = localSettings({ PORT: "", OTEL_EXPORTER_OTLP_ENDPOINT: "" }, "", []);
    assert.equal(settings.ports[0]?.port, 8000);
    assert.equal(settings.serviceEnv(url).OTEL_EXPORTER_OTLP_ENDPOINT, "http://127.0.0.1:4318");
  });

  it("points the parts to each other's ports", () => {
    const settings = localSettings({ PORT: "1111", VIEWER_PORT: "2222" }, "", []);
    const service = settings.serviceEnv(url);
    assert.equal(service.OTEL_EXPORTER_OTLP_ENDPOINT, "http://127.0.0.1:2222");
    assert.equal(service.PORT, "1111");
  });

  it("passes the database that was found to the service", () => {
    assert.equal(localSettings({}, "MYSQL_URL=mysql://old/x", []).serviceEnv(url).MYSQL_URL, url);
  });

  it("starts no viewer when telemetry goes elsewhere", () => {
    const settings = localSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://vendor.example" }, "", []);
    assert.ok(localParts(settings, url).every(({ name }) => name !== "viewer"));
    assert.equal(settings.serviceEnv(url).OTEL_EXPORTER_OTLP_ENDPOINT, "https://vendor.example");
  });

  it("rejects an invalid port with the variable's name", () => {
    assert.throws(() => localSettings({ VIEWER_PORT: "http" }, "", []), /^Error: VIEWER_PORT is "http"/);
    assert.throws(() => localSettings({}, "VIEWER_PORT=70000", []), /^Error: VIEWER_PORT is "70000"/);
  });

  it("rejects an unknown option", () => {
    assert.throws(() => localSettings({}, "", ["--wacth"]), /--wacth is not an option/);
    assert.throws(() => localSettings({}, "", ["--inspector"]), /--inspector is not an option/);
  });

  it("passes --inspect on to the service, and only to it", () => {
    for (const option of ["--inspect", "--inspect=127.0.0.1:9333"]) {
      const parts = localParts(localSettings({}, "", ["--watch", option]), url);
      const opened = parts.filter(({ args }) => args[0] === option).map(({ name }) => name);
      assert.deepEqual(opened, ["service"]);
    }
  });

  it("lets the service stop quickly while it watches, unless told otherwise", () => {
    const limit = (env: Record<string, string>, args: string[]) =>
      localSettings(env, "", args).serviceEnv(url).SHUTDOWN_TIMEOUT_MS;
    assert.equal(limit({}, ["--watch"]), "200");
    assert.equal(limit({}, []), undefined);
    assert.equal(limit({ SHUTDOWN_TIMEOUT_MS: "9000" }, ["--watch"]), "9000");
  });
});
