// Drives an installed Chrome or Chromium with its DevTools protocol over a pipe: without a package, a driver or a port.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { z } from "zod";

const programs = [
  "google-chrome",
  "chromium",
  "chromium-browser",
  "microsoft-edge",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser to use: CHROME_PATH, or an installed one. */
export function findBrowser(): string | undefined {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) return CHROME_PATH;
  return programs.find((program) => spawnSync(program, ["--version"]).status === 0);
}

const reply = z.object({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});
const replyTimeoutMs = 30_000;

/** A browser without a window, with an empty profile of its own. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #commands: Writable;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #ended: Error | undefined;

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    const [commands, replies] = child.stdio.slice(3);
    if (!(commands instanceof Writable) || !replies || !("setEncoding" in replies)) throw new Error("no pipe");
    this.#commands = commands;
    // A browser that has ended is reported by `exit`.
    commands.on("error", () => undefined);
    let text = "";
    replies.setEncoding("utf8").on("data", (chunk: string) => {
      const messages = (text + chunk).split("\0");
      text = messages.pop() ?? "";
      for (const message of messages) this.#receive(reply.parse(JSON.parse(message)));
    });
    const ended = (why: string) => {
      this.#ended = new Error(`the browser ended: ${why}`);
      for (const { reject } of this.#waiting.values()) reject(this.#ended);
      this.#waiting.clear();
    };
    child.once("error", ({ message }) => ended(message)).once("exit", (code, signal) => ended(String(code ?? signal)));
  }

  static async start(program: string): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), "browser-"));
    // Chrome's sandbox refuses to run as root.
    const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const args = [
      "--headless=new",
      "--remote-debugging-pipe",
      `--user-data-dir=${profile}`,
      "--no-first-run",
      "--hide-scrollbars",
      "--disable-dev-shm-usage",
      ...asRoot,
      "about:blank",
    ];
    return new Browser(spawn(program, args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] }), profile);
  }

  /** Opens a tab of `width` × `height` CSS pixels. */
  async open(width: number, height: number): Promise<Tab> {
    const { targetId } = z
      .object({ targetId: z.string() })
      .parse(await this.send("Target.createTarget", { url: "about:blank" }));
    const { sessionId } = z
      .object({ sessionId: z.string() })
      .parse(await this.send("Target.attachToTarget", { targetId, flatten: true }));
    const tab = new Tab((method, params) => this.send(method, params, sessionId));
    await tab.resize(width, height);
    return tab;
  }

  async send(method: string, params: object, sessionId?: string): Promise<unknown> {
    if (this.#ended) throw this.#ended;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const late = setTimeout(() => answer.reject(new Error(`${method}: no answer from the browser`)), replyTimeoutMs);
    return answer.promise.finally(() => clearTimeout(late));
  }

  #receive({ id, result, error }: z.infer<typeof reply>): void {
    // Events have no id.
    const answer = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || answer === undefined) return;
    this.#waiting.delete(id);
    if (error) answer.reject(new Error(error.message));
    else answer.resolve(result);
  }

  async close(): Promise<void> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await ended;
    }
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** A tab of the browser. */
export class Tab {
  readonly #send: (method: string, params: object) => Promise<unknown>;

  constructor(send: (method: string, params: object) => Promise<unknown>) {
    this.#send = send;
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** @throws {Error} when nothing answers at `url` */
  async navigate(url: string): Promise<void> {
    const { errorText } = z
      .object({ errorText: z.string().optional() })
      .parse(await this.#send("Page.navigate", { url }));
    if (errorText) throw new Error(`${url}: ${errorText}`);
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = z
      .object({
        result: z.object({ value: z.unknown().optional() }),
        exceptionDetails: z.object({ text: z.string() }).optional(),
      })
      .parse(await this.#send("Runtime.evaluate", { expression, returnByValue: true }));
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return result.value;
  }

  /** What the tab shows, as PNG. */
  async picture(): Promise<Buffer> {
    const { data } = z
      .object({ data: z.string() })
      .parse(await this.#send("Page.captureScreenshot", { format: "png" }));
    return Buffer.from(data, "base64");
  }
}
