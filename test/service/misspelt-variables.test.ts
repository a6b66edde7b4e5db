import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { loadConfig } from "../../src/config/config.ts";
import { createDatabase, root, spawnService } from "../support/helper.ts";

const minimal = { APP_ENV: "development", MYSQL_URL: "mysql://user:hunter2@db:3306/shop" };
const hints = (environment: Record<string, string>) =>
  Object.fromEntries(
    loadConfig({ ...minimal, ...environment }).misspelt.map(({ name, nearest }) => [name, nearest] as const),
  );

/** What shells, CI systems, containers, Kubernetes and neighbouring services put into an environment. */
const ordinary = `
  PATH HOME HOST HOSTNAME HOSTTYPE USER LOGNAME SHELL SHLVL PWD OLDPWD LANG LANGUAGE LC_ALL LC_CTYPE TERM TERM_PROGRAM COLORTERM TZ TMPDIR
  TEMP TMP EDITOR VISUAL PAGER MAIL MANPATH DISPLAY LS_COLORS SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_TTY XDG_RUNTIME_DIR XDG_SESSION_ID
  XDG_CACHE_HOME DBUS_SESSION_BUS_ADDRESS PS1 PS2 IFS OSTYPE MACHTYPE COLUMNS LINES PORTS POST SORT SUDO_USER SUDO_COMMAND VIRTUAL_ENV
  NVM_DIR NVM_BIN NODE NODE_ENV NODE_OPTIONS NODE_PATH NODE_VERSION NODE_EXTRA_CA_CERTS YARN_VERSION INIT_CWD npm_config_cache
  npm_lifecycle_event npm_package_name http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY NO_COLOR FORCE_COLOR DEBUG
  CI CI_COMMIT_SHA CI_JOB_ID CI_PROJECT_DIR CI_PIPELINE_ID CI_SERVER_URL CI_REGISTRY GITLAB_CI GITLAB_USER_EMAIL GITHUB_ACTIONS GITHUB_ENV
  GITHUB_PATH GITHUB_SHA GITHUB_REF GITHUB_TOKEN GITHUB_RUN_ID GITHUB_WORKSPACE RUNNER_OS RUNNER_TEMP BUILD_ID BUILD_NUMBER JOB_NAME
  JENKINS_URL JENKINS_HOME CIRCLECI CIRCLE_BRANCH TRAVIS TRAVIS_BRANCH DOCKER_HOST DOCKER_CONFIG COMPOSE_PROJECT_NAME container
  KUBERNETES_PORT KUBERNETES_PORT_443_TCP KUBERNETES_PORT_443_TCP_ADDR KUBERNETES_PORT_443_TCP_PORT KUBERNETES_PORT_443_TCP_PROTO
  KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_SERVICE_PORT_HTTPS POD_NAME POD_IP POD_NAMESPACE NODE_NAME
  MYSQL_PORT MYSQL_PORT_3306_TCP MYSQL_PORT_3306_TCP_ADDR MYSQL_PORT_3306_TCP_PORT MYSQL_SERVICE_HOST MYSQL_SERVICE_PORT MYSQL_NAME
  MYSQL_HOST MYSQL_USER MYSQL_PASSWORD MYSQL_PWD MYSQL_DATABASE MYSQL_ROOT_PASSWORD MYSQL_TCP_PORT MYSQL_UNIX_PORT PGSQL_URL REDIS_URL
  REDIS_PORT DATABASE_URL DB_HOST DB_PORT DB_NAME DB_USER DB_URL DB_PASSWORD ADMIN_HOST ADMIN_URL ADMIN_SERVICE_PORT APP_PORT APP_HOST
  APP_NAME APP_URL WEB_PORT WEB_SECRET VIEWER_PORT SERVICE_NAME SERVER_PORT SERVER_NAME JWT_ALGORITHM_LIST API_URL
  API_TOKEN API_KEY LOG_FILE LOG_FORMAT LOG_DIR TRAFFIC TARGET_URL AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_PROFILE
  GOOGLE_APPLICATION_CREDENTIALS AZURE_CLIENT_ID GRAFANA_PORT OTLP_PORT LOGS_PORT JAEGER_PORT PROMETHEUS_PORT DYNO FLY_REGION
`
  .trim()
  .split(/\s+/);

describe("misspelt variables", () => {
  it("are named with the nearest known variable", () => {
    const misspelt = {
      ADMISION_LIMIT: "ADMISSION_LIMIT",
      ADMISSION_LMIIT: "ADMISSION_LIMIT",
      DB_POOL_LIMITS: "DB_POOL_LIMIT",
      LOGLEVEL: "LOG_LEVEL",
      LOG_LEVLE: "LOG_LEVEL",
      DEADLINE: "DEADLINE_MS",
      DEADLINE_S: "DEADLINE_MS",
      BODY_LIMIT: "BODY_LIMIT_BYTES",
      FAULT: "FAULTS",
      MYSQL_FORM: "MYSQL_FROM",
      // example: begin
      SEED_AUTOMATION: "SEED_AUTOMATIONS",
      // example: end
      OTEL_EXPORTER_OTLP_ENPOINT: "OTEL_EXPORTER_OTLP_ENDPOINT",
      OTEL_METRIC_EXPORTER: "OTEL_METRICS_EXPORTER",
      OTEL_SERVICENAME: "OTEL_SERVICE_NAME",
    };
    for (const [name, nearest] of Object.entries(misspelt))
      assert.deepEqual(hints({ [name]: "1" }), { [name]: nearest });
  });

  it("are not seen in what an ordinary environment contains", () => {
    assert.deepEqual(hints(Object.fromEntries(ordinary.map((name) => [name, "1"]))), {});
  });

  it("are not seen in any variable that the OpenTelemetry SDK reads", () => {
    const sdk = globSync(
      "node_modules/@opentelemetry/{core,sdk-*,otlp-*,exporter-*,resources,configuration}/**/*.{js,mjs}",
      {
        cwd: root,
      },
    );
    const text = sdk.map((file) => readFileSync(`${root}/${file}`, "utf8")).join("\n");
    const names = [...text.matchAll(/["'`](OTEL_[A-Z_]+[A-Z])["'`]/g)].map(([, name = ""]) => name);
    assert.ok(names.includes("OTEL_BSP_SCHEDULE_DELAY"));
    for (const name of names) assert.deepEqual(hints({ [name]: "1" }), {}, name);
  });

  it("are not seen beside the right one, nor when empty", () => {
    assert.deepEqual(hints({ ADMISION_LIMIT: "5", ADMISSION_LIMIT: "5" }), {});
    assert.deepEqual(hints({ ADMISION_LIMIT: "" }), {});
  });

  it("are warned about in one line at the start, without the value, and never refused", async () => {
    const db = await createDatabase();
    const env = { MYSQL_URL: db.url, OTEL_SDK_DISABLED: "true", ADMISION_LIMIT: "not-for-the-log" };
    const service = await spawnService(env);
    assert.equal(await service.stop(), 0);
    await db.drop();
    const lines = service.log().filter(({ msg }) => msg.includes("ADMISION_LIMIT"));
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [["warn", "ADMISION_LIMIT is not known: did you mean ADMISSION_LIMIT?"]],
    );
    assert.doesNotMatch(JSON.stringify(lines), /not-for-the-log/);
  });
});
