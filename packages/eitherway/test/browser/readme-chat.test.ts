/** The chat of the README as its reader runs it: the page by Vite's development server, the server as a process of its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import type { Page } from "playwright-core";
import { createServer } from "vite";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createFaultNetwork, createSeededRandom, type FaultNetwork } from "../../src/testing/index.ts";
import { compilePages, type Project } from "../readme/project.ts";
import { programsOf, readText } from "../readme/support.ts";
import { openPage, useBrowser, type WatchedPage } from "./support.ts";

const FILES = ["src/contract.ts", "src/server.ts", "src/main.tsx"];
const LESS_THAN = 60;
/** As ours. */
const LINE_WIDTH = 120;
const PHONE = { width: 375, height: 667 };

const ROUNDS = 3;
const LESS_THAN_A_MESSAGE = 150; // bytes on the wire
/** A page that closes says nothing: its member stays for the lease of 10 s. */
const LEAVE = { timeout: 30_000, interval: 100 };
const SLOW_MS = 180_000; // backoff after so many cuts, and a lease
const COMPILE_MS = 120_000;

/** What Vite's template has around the script. */
const INDEX_HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <link rel="icon" href="data:," />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <title>chat</title>
  </head>
  <body>
    <div id="root"></div>
    <script type="module" src="/src/main.tsx"></script>
  </body>
</html>
`;

const openContext = useBrowser();
let project: Project;

beforeAll(async () => {
  project = await compilePages(["README.md"]);
}, COMPILE_MS);

afterAll(() => project?.remove());

test("the chat of the README, contract, server and client, has less than 60 lines, none of them crammed", async () => {
  const programs = programsOf(await readText("README.md"));
  const lines = FILES.flatMap((name) => (programs.get(name) ?? "").trimEnd().split("\n"));
  expect(lines.length).toBeLessThan(LESS_THAN);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(LINE_WIDTH);
});

test(
  "Chromium: in the chat of the README messages go both ways through cut connections once and in order, history is there after a reload, who closes the page leaves, and the console is silent (P1, P2, P3, P5, P8)",
  async () => {
    const { network, address } = await serveChat();
    const [ana, bo] = [await openChat(address), await openChat(address)];
    await ana.enter("Ana");
    await bo.enter("Bo");
    for (const { page } of [ana, bo]) await page.getByText("Here: Ana, Bo").waitFor();
    await ana.field("Message").fill("he");
    await bo.page.getByText("Here: Ana (typing), Bo").waitFor();

    const random = createSeededRandom(1);
    const expected = new Set<string>();
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [chat, name] of [
        [ana, "Ana"],
        [bo, "Bo"],
      ] as const) {
        await chat.enter(`before ${round}`);
        if (round % 2 === 0) network.cutAll();
        else for (const one of network.connections) one.set(cutWithin(random()));
        await chat.enter(`behind ${round}`);
        for (const when of ["before", "behind"]) expected.add(`${name}: ${when} ${round}`);
      }
      for (const chat of [ana, bo]) await chat.stored(expected.size); // both links are open again
    }
    expect(network.counters.cut).toBeGreaterThanOrEqual(ROUNDS);
    const lines = await ana.lines();
    expect(new Set(lines)).toEqual(expected);
    expect(await bo.lines()).toEqual(lines);
    for (const name of ["Ana", "Bo"]) {
      const own = lines.filter((line) => line.startsWith(name));
      expect(own).toEqual([...expected].filter((line) => line.startsWith(name)));
    }

    await bo.page.reload();
    await bo.stored(expected.size);
    expect(await bo.lines()).toEqual(lines);
    await bo.enter("Bo");
    await ana.page.close();
    await vi.waitFor(async () => expect(await bo.page.locator("footer").textContent()).toBe("Here: Bo"), LEAVE);
    expect([...ana.complaints, ...bo.complaints].filter(isOfPage)).toEqual([]);
  },
  SLOW_MS,
);

test("Chromium: the chat of the README fits a phone, and keeps the newest message in sight", async () => {
  const { address } = await serveChat();
  const { page, enter, stored, complaints } = await openChat(address, PHONE);
  await enter("Ana");
  for (let n = 1; n <= 20; n++) await enter(`${n} ${"words ".repeat(n)}`);
  await enter("W".repeat(200));
  await stored(21);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(PHONE.height);
  for (const part of ["p >> nth=0", "input", "footer"]) {
    const box = await page.locator(part).boundingBox();
    expect(box && box.y >= 0 && box.y + box.height <= PHONE.height && box.x + box.width <= PHONE.width, part).toBe(
      true,
    );
  }
  expect(complaints.filter(isOfPage)).toEqual([]);
});

/** Both parts, with a bad network between them. They end with the test. */
async function serveChat(): Promise<{ readonly network: FaultNetwork; readonly address: string }> {
  const { folder, port, pagePort } = project;
  const network = await createFaultNetwork({ target: port });
  onTestFinished(() => network.close());
  await project.start("src/server.js").listening();
  await writeFile(join(folder, "index.html"), INDEX_HTML);
  const vite = await createServer({
    root: folder,
    cacheDir: join(folder, ".vite"),
    configFile: false,
    logLevel: "warn",
    plugins: [react(), { name: "bad-network", transform: (code) => code.replaceAll(`:${port}/`, `:${network.port}/`) }],
    server: { port: pagePort, strictPort: true },
  });
  onTestFinished(() => vite.close());
  await vite.listen();
  return { network, address: `http://localhost:${pagePort}/` };
}

interface Chat extends WatchedPage {
  field(label: "Message" | "Your name"): ReturnType<Page["getByPlaceholder"]>;
  /** Types into the field and presses Enter. */
  enter(text: string): Promise<void>;
  /** Resolves once so many messages are shown, and all of them are stored. */
  stored(count: number): Promise<void>;
  /** Oldest first. */
  lines(): Promise<string[]>;
}

async function openChat(address: string, viewport?: typeof PHONE): Promise<Chat> {
  const { page, complaints } = await openPage(await openContext(viewport ? { viewport, isMobile: true } : {}), address);
  const field = page.getByRole("textbox");
  return {
    page,
    complaints,
    field: (label) => page.getByPlaceholder(label),
    async enter(text) {
      await field.fill(text);
      await field.press("Enter");
      await page.waitForFunction(() => document.querySelector("input")?.value === "");
    },
    async stored(count) {
      await page.waitForFunction((wanted) => {
        const shown = [...document.querySelectorAll<HTMLElement>("section p")];
        return shown.length >= wanted && shown.every(({ style }) => style.opacity === "1");
      }, count);
    },
    lines: async () => (await page.locator("section p").allTextContents()).reverse(),
  };
}

function cutWithin(share: number) {
  return { kind: "cut", direction: "down", afterBytes: Math.floor(share * LESS_THAN_A_MESSAGE) } as const;
}

/** Not what the browser itself says of a connection that was cut in its handshake, nor that the server has another port than the page. */
function isOfPage(complaint: string): boolean {
  return !/^WebSocket connection to |net::ERR_|^request for http:\/\/127\.0\.0\.1:/.test(complaint);
}
