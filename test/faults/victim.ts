// A database server of the tests' own, to be killed, frozen and brought back: on the same data, behind the same address.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { volumeName } from "../../scripts/bootstrap/database/container.js";
import { openDatabase } from "../../scripts/bootstrap/database/open.js";
import { removeVolume, signalDatabase } from "../../scripts/bootstrap/database/signal.js";
import { type Keeper, startKeeper } from "../../scripts/bootstrap/keeper.js";
import { Link } from "./link.ts";

const { signal } = new AbortController();
type Running = Awaited<ReturnType<typeof openDatabase>>;

interface VictimOptions {
  /** More of the server's command line. */
  serverOptions?: string[];
  /** A folder that the server sees at the same path, wherever it runs. */
  mount?: string;
}

export class Victim {
  /** Between it and the service, so that it comes back at the same address. */
  readonly link: Link;
  readonly #folder: string;
  readonly #keeper: Keeper;
  readonly #options: VictimOptions;
  #server: Running;

  private constructor(link: Link, folder: string, keeper: Keeper, options: VictimOptions, server: Running) {
    this.link = link;
    this.#folder = folder;
    this.#keeper = keeper;
    this.#options = options;
    this.#server = server;
  }

  /** Of the kind that the tests run on: a container or a process. */
  static async start(options: VictimOptions = {}): Promise<Victim> {
    const folder = await mkdtemp(join(tmpdir(), "victim-"));
    const keeper = startKeeper();
    const server = await open(folder, keeper, options);
    return new Victim(await Link.to(server.url), folder, keeper, options, server);
  }

  /** For the service: by way of the link. */
  get url(): string {
    return this.link.through(this.#server.url);
  }

  /** For the tests: past the link. */
  get directUrl(): string {
    return this.#server.url;
  }

  get isMariaDb(): boolean {
    return this.#server.edition.kind === "mariadb";
  }

  /** SIGKILL: as if its machine had died, but for the connections, which the kernel resets. */
  async kill(): Promise<void> {
    await signalDatabase(this.#server, "KILL");
    await this.#server.child?.stop();
  }

  /** SIGSTOP: it accepts connections, as far as the kernel does that for it, and answers nothing. */
  freeze(): Promise<void> {
    return signalDatabase(this.#server, "STOP");
  }

  thaw(): Promise<void> {
    return signalDatabase(this.#server, "CONT");
  }

  /** Starts it again on the data that the killed one left; resolves when it answers. */
  async revive(): Promise<void> {
    this.#server = await open(this.#folder, this.#keeper, this.#options);
    this.link.leadTo(this.#server.url);
  }

  async stop(): Promise<void> {
    this.link.close();
    await this.#server.child?.stop();
    await this.#keeper.close();
    await removeVolume(this.#server, volumeName(this.#folder));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function open(folder: string, keeper: Keeper, options: VictimOptions): Promise<Running> {
  const env = { ...process.env, MYSQL_URL: "" };
  return openDatabase({ env, keepIn: folder, signal, keeper, note: () => {}, ...options });
}
