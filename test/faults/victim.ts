// A database server for one test file to kill, freeze and revive, with the same data and address.
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
  /** Additional command-line options of the server. */
  serverOptions?: string[];
  /** A folder that the server sees at the same path, wherever it runs. */
  mount?: string;
}

/** The server, of the kind that the tests run on, behind a {@link Link}. */
export class Victim {
  /** Between the server and the service, so that it comes back at the same address. */
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

  /** Starts a server of the kind that the tests run on: a container or a process. */
  static async start(options: VictimOptions = {}): Promise<Victim> {
    const folder = await mkdtemp(join(tmpdir(), "victim-"));
    const keeper = startKeeper();
    const server = await open(folder, keeper, options);
    return new Victim(await Link.to(server.url), folder, keeper, options, server);
  }

  /** For the service: through the link. */
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

  /** SIGKILL: as if its machine had died, except that the kernel resets the connections. */
  async kill(): Promise<void> {
    await signalDatabase(this.#server, "KILL");
    await this.#server.child?.stop();
  }

  /** SIGSTOP: the kernel still accepts connections, but the server answers nothing. */
  freeze(): Promise<void> {
    return signalDatabase(this.#server, "STOP");
  }

  thaw(): Promise<void> {
    return signalDatabase(this.#server, "CONT");
  }

  /** Restarts a killed server on its data. Resolves when it answers. */
  async revive(): Promise<void> {
    this.#server = await open(this.#folder, this.#keeper, this.#options);
    this.link.redirectTo(this.#server.url);
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
