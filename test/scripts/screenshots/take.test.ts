// The pictures of Grafana's pages, taken by a real browser of a stand-in with Grafana's markup. Skipped without a browser.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser, findBrowser } from "../../../scripts/screenshots/browser.ts";
import { type Session, takePage, takeTrace } from "../../../scripts/screenshots/take.ts";

const traceId = "5b8efff798038103d269b633813fc60c";
const panel = (title: string, inside = "") =>
  `<section data-testid="data-testid Panel header ${title}"><h2>${title}</h2>${inside}<div data-testid="data-testid panel content"></div></section>`;
const loadingBar = '<div aria-label="Panel loading bar"></div>';
const badge = '<button aria-label="status" data-testid="data-testid Panel status error"></button>';
/** Panels that load for a moment, as every page of Grafana has them. */
const loading = `<div id="later">${panel("Queue", loadingBar)}</div>
  <script>setTimeout(() => { later.innerHTML = ${JSON.stringify(panel("Queue") + panel("Pool"))}; }, 300);</script>`;
/** A panel that loads, and fails, only when it comes into view. */
const below = `${panel("Queue")}<div id="below" style="margin-top: 1500px"></div>
  <script>new IntersectionObserver(([{ isIntersecting }]) => {
    if (isIntersecting) below.innerHTML = ${JSON.stringify(panel("Latency", badge))};
  }).observe(below);</script>`;
const pages: Record<string, string> = {
  "/d/calm": panel("Queue") + panel("Pool"),
  "/d/loading": loading,
  "/d/failing": panel("Queue") + panel("Pool", badge),
  "/d/below": below,
  "/d/incomplete": panel("Queue"),
  "/d/stuck": panel("Queue") + panel("Pool", loadingBar),
  "/d/missing-plugin": `${panel("Queue", '<div data-testid="data-testid Alert error">no plugin</div>')}${panel("Pool")}`,
  "/explore": `<h3>Service &amp; Operation</h3>`,
};
const page = (uid: string) => ({
  uid,
  panels: [
    { type: "row", gridPos: { y: 0, h: 1 } },
    { type: "stat", gridPos: { y: 1, h: 4 } },
    { type: "timeseries", gridPos: { y: 40, h: 8 } },
  ],
});

describe("screenshots", () => {
  const requests: string[] = [];
  let slowTraces: string[][] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://stand-in");
    requests.push(request.url ?? "");
    if (pathname === "/api/ds/query") {
      const frames = [{ data: { values: slowTraces } }];
      response.end(JSON.stringify({ results: { A: { frames } } }));
    } else response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html>${pages[pathname] ?? ""}`);
  });
  let browser: Browser;
  let session: Session;

  before("skipped without a browser", async function () {
    const program = findBrowser();
    if (program === undefined) this.skip();
    await once(server.listen(0, "127.0.0.1"), "listening");
    browser = await Browser.start(program);
    session = {
      tab: await browser.open(1440, 900),
      grafana: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      folder: await mkdtemp(join(tmpdir(), "screenshots-")),
      patience: { limitMs: 3000, quietMs: 200 },
    };
  });

  after(async () => {
    server.close();
    await browser?.close();
    if (session) await rm(session.folder, { recursive: true });
  });

  it("take one picture of a screen and one of the whole page", async () => {
    assert.deepEqual(await takePage(session, page("calm")), []);
    assert.deepEqual(await sizeOf("calm.png"), [1440, 900]);
    assert.deepEqual(await sizeOf("calm-full.png"), [1440, 48 * 38 + 300]);
  });

  for (const { uid, problems, title } of [
    { uid: "loading", title: "wait for panels that load", problems: [] },
    { uid: "failing", title: "find a panel with an error badge", problems: ["has an error: Pool"] },
    { uid: "below", title: "find one below the first screen", problems: ["has an error: Latency"] },
    { uid: "missing-plugin", title: "find a panel that shows an error instead", problems: ["has an error: Queue"] },
    { uid: "incomplete", title: "notice a missing panel", problems: ["shows 1 of 2 panels"] },
    { uid: "stuck", title: "find a panel that loads forever", problems: ["panels still loading: 1"] },
  ]) {
    it(title, async () => {
      // What never comes is not waited for.
      const patience = ["incomplete", "stuck"].includes(uid) ? { limitMs: 800, quietMs: 200 } : session.patience;
      assert.deepEqual(await takePage({ ...session, patience }, page(uid)), problems);
    });
  }

  it("show a slow request's trace", async () => {
    slowTraces = [[traceId], ["GET /"]];
    assert.deepEqual(await takeTrace(session), []);
    assert.deepEqual(await sizeOf("trace.png"), [1440, 900]);
    const explored = requests.findLast((url) => url.startsWith("/explore"));
    assert.ok(explored && decodeURIComponent(explored).includes(`"query":"${traceId}"`), explored);
  });

  it("say when no request was slow", async () => {
    slowTraces = [[], []];
    assert.deepEqual(await takeTrace(session), ["no request took 0.5 s or more"]);
  });

  it("fail when Grafana does not answer", async () => {
    await assert.rejects(
      takePage({ ...session, grafana: "http://127.0.0.1:9" }, page("calm")),
      /127\.0\.0\.1:9\/d\/calm/,
    );
  });

  it("leave no profile behind, and fail when the browser has ended", async () => {
    const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("browser-")).length;
    const before = await left();
    const second = await Browser.start(findBrowser() ?? "");
    const tab = await second.open(800, 600);
    await second.close();
    assert.equal(await left(), before);
    await assert.rejects(tab.picture(), /ended/);
  });

  /** Width and height, from the header of a PNG. */
  async function sizeOf(name: string): Promise<number[]> {
    const picture = await readFile(join(session.folder, name));
    assert.equal(picture.subarray(1, 4).toString(), "PNG");
    return [picture.readUInt32BE(16), picture.readUInt32BE(20)];
  }
});
