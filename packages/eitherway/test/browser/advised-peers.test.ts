/** The program that `eitherway advise` prints for WebRTC, in two browsers: it is no sketch. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { advise, complete } from "../../src/cli/advise/advise.ts";
import type { Answers } from "../../src/cli/advise/questions.ts";
import { eitherway } from "../../src/node/index.ts";
import { listen } from "../node/support.ts";
import { ROOT } from "../readme/support.ts";
import { witnessed } from "../support/witness.ts";
import { CHROMIUM, FLAGS } from "./support.ts";

const MEDIA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const OPEN_ADDRESSES = "--disable-features=WebRtcHideLocalIpsWithMdns"; // containers have no multicast to find hidden ones

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...MEDIA, OPEN_ADDRESSES] });
});
afterAll(() => browser.close());

test.each<[string, Partial<Answers>, string]>([
  ["state", { direction: "peer", group: 2 }, "said"],
  ["files", { direction: "peer", carries: "files" }, "said"],
  ["video", { carries: "media" }, "audio video"],
])("two browsers exchange %s, connected by signals of a channel", async (_, answers, expected) => {
  const origin = await serve(answers);
  const pages = await Promise.all([openPage(origin), openPage(origin)]);
  expect(await Promise.all(pages.map((page, at) => exchange(page, at === 1)))).toEqual([expected, expected]);
});

/** A page with the program in it, and the server that the same advice starts. */
async function serve(answers: Partial<Answers>): Promise<string> {
  const { programs } = advise(complete(answers)).setup;
  const script = await bundle(programs.find(({ name }) => name === "peer.ts")?.text ?? "");
  const site = createServer(({ url }, response) => {
    const isScript = url === "/peer.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/peer.js"></script>');
  });
  const server = eitherway({ logger: witnessed() });
  server.attach(site);
  onTestFinished(async () => {
    await server.close();
    site.close();
    site.closeAllConnections();
  });
  return `http://127.0.0.1:${await listen(site)}/`;
}

async function bundle(program: string): Promise<string> {
  await mkdir(join(ROOT, ".cache"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".cache", "peers-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "peer.ts");
  await writeFile(file, `${program}Object.assign(globalThis, { connect });\n`);
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, format: "esm", write: false });
  return outputFiles[0]?.text ?? "";
}

async function openPage(origin: string): Promise<Page> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => "connect" in globalThis);
  return page;
}

interface Connected {
  readonly peer: RTCPeerConnection;
  readonly data?: RTCDataChannel;
}

/** What comes from the other side: a message, or the kinds of its tracks. */
function exchange(page: Page, offers: boolean): Promise<string> {
  return page.evaluate(async (isOffering) => {
    const { connect } = globalThis as unknown as { connect(pair: string, offers: boolean): Promise<Connected> };
    const { peer, data } = await connect("ana-bo", isOffering);
    if (!data) {
      await new Promise<void>((resolve) => {
        const look = () => peer.connectionState === "connected" && resolve();
        peer.addEventListener("connectionstatechange", look);
        look();
      });
      const kinds = peer.getReceivers().map(({ track }) => track.kind);
      return kinds.sort().join(" ");
    }
    // Again and again, until the page ends with the test: what comes before the other side listens is lost, as is what is late.
    setInterval(() => data.readyState === "open" && data.send("said"), 20);
    return new Promise<string>((resolve) => data.addEventListener("message", (event) => resolve(event.data)));
  }, offers);
}
