// Runs the service with a blocked log: a full disk, or a stuck reader.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paths } from "../support/fixture/routes.ts";
import { createDatabase, eventually, freePort, type LogLine, root, testCommand } from "../support/helper.ts";

/** On SIGUSR2, logs 10,000 lines of 1 kB, more than fit in the buffer. OpenTelemetry's `diag` API writes to the service's log. */
const talkative = `data:text/javascript,${encodeURIComponent(`
  import { diag } from "${import.meta.resolve("@opentelemetry/api")}";
  process.on("SIGUSR2", () => {
    for (let line = 0; line < 10_000; line += 1) diag.info("talk " + "x".repeat(1000));
  });
`)}`;
const loggedLines = 10_000;

describe("a blocked log", function () {
  this.timeout(60_000);
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let folder: string;
  beforeEach(async () => {
    db = await createDatabase();
    folder = await mkdtemp(join(tmpdir(), "log-"));
  });
  afterEach(async () => {
    await db.drop();
    await rm(folder, { recursive: true });
  });

  it("full log disk: keeps serving and exits in time", async () => {
    const full = openSync("/dev/full", "w");
    const service = await start(full);
    await service.talk();
    await assertAnswers(service.url);
    assert.equal(await service.stopWithin(3000), 0);
    closeSync(full);
  });

  it("full log disk: continues once there is room, and reports how many lines are missing", async function () {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "log-test", folder], { stdio: "ignore" });
    } catch {
      // Needs root.
      this.skip();
    }
    try {
      const path = join(folder, "log");
      const file = openSync(path, "a");
      const service = await start(file);
      await service.talk();
      await assertAnswers(service.url);
      execFileSync("mount", ["-o", "remount,size=64m", folder]);
      const notice = await eventually("the line about lost lines", async () =>
        lossIn(linesOf(await readFile(path, "utf8"))),
      );
      assert.equal(await service.stopWithin(3000), 0);
      assertComplete(linesOf(await readFile(path, "utf8")), notice);
      closeSync(file);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  it("stuck log reader: keeps serving, reports the loss when it reads again, and exits in time", async () => {
    const { path, reader, writer } = fifo();
    const service = await start(writer);
    await service.talk();
    await assertAnswers(service.url);
    const output = readAll(reader);
    const notice = await eventually("the line about lost lines", () => lossIn(linesOf(output())));
    assert.equal(await service.stopWithin(3000), 0);
    await eventually("the last line", () => linesOf(output()).at(-1)?.msg === "stopped");
    assertComplete(linesOf(output()), notice);
    closeSync(writer);
    await rm(path);
  });

  it("stuck log reader: exits in time even if it never reads again", async () => {
    const { reader, writer } = fifo();
    const service = await start(writer);
    await service.talk();
    assert.equal(await service.stopWithin(3000), 0);
    for (const fd of [reader, writer]) closeSync(fd);
  });

  it("log reader that is gone: keeps serving and exits in time", async () => {
    const { reader, writer } = fifo();
    const service = await start(writer);
    closeSync(reader);
    await service.talk();
    await assertAnswers(service.url);
    assert.equal(await service.stopWithin(3000), 0);
    closeSync(writer);
  });

  function fifo() {
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { path, reader, writer: openSync(path, constants.O_WRONLY) };
  }

  async function start(stdout: number) {
    const port = await freePort();
    const child = spawn(process.execPath, ["--import", talkative, ...testCommand], {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        APP_ENV: "development",
        HOST: "127.0.0.1",
        PORT: String(port),
        MYSQL_URL: db.url,
        SHUTDOWN_DELAY_MS: "0",
        SHUTDOWN_TIMEOUT_MS: "2000",
        OTEL_SDK_DISABLED: "true",
        OTEL_LOG_LEVEL: "info",
      },
      stdio: ["ignore", stdout, "inherit"],
    });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const url = `http://127.0.0.1:${port}`;
    await eventually("readiness", () =>
      fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    return {
      url,
      /** Makes it log more than fits in the buffer. */
      async talk() {
        child.kill("SIGUSR2");
        await eventually("lost lines", async () => (await lostLines(url)) > 0);
      },
      async stopWithin(ms: number): Promise<number | null> {
        const timer = setTimeout(kill, ms);
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
        clearTimeout(timer);
        return child.exitCode;
      },
    };
  }
});

async function lostLines(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { accept: "text/plain" } })).text();
  return Number(/^log_lines_lost_total\{destination="stdout"\} (\d+)/m.exec(text)?.[1]);
}

async function assertAnswers(url: string): Promise<void> {
  for (let request = 0; request < 20; request += 1) {
    assert.equal((await fetch(url + paths.items)).status, 200);
  }
}

function readAll(fd: number): () => string {
  let text = "";
  new Socket({ fd, readable: true, writable: false }).setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

function linesOf(text: string): LogLine[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function lossIn(lines: LogLine[]): number | undefined {
  const notices = lines.filter(({ msg }) => msg.startsWith("log lines were lost"));
  assert.ok(notices.length <= 1, "reported once");
  return notices[0] && Number(notices[0].lines);
}

/** Every line was written or counted. */
function assertComplete(lines: LogLine[], lost: number): void {
  assert.equal(lines.filter(({ msg }) => msg.startsWith("talk ")).length + lost, loggedLines);
}
