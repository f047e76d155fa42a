/** The showcase's jobs in a browser: they outlive pages, are seen alike on all devices, and stop when told. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { endsOf, historyOf, openJobs, WAIT } from "./jobs-page.ts";
import { startModelServer } from "./model-server.ts";
import { accessibilityFaults, SCREENS, sidewaysScroll, watchLayoutShifts } from "./page-quality.ts";
import { type Showcase, startShowcase, useBrowser } from "./support.ts";

const MOST_SHIFT = 0.01; // the panel's reasons for a cut may take a line more
const SLOW_MS = 90_000; // a browser on a busy machine

const openContext = useBrowser();

describe("jobs", { timeout: SLOW_MS }, () => {
  test("an answer that is reloaded midway and opened on a second client is whole on both; stopped there, the model is told, both agree, and there is one end (P1, P2)", async () => {
    const model = await startModelServer();
    const showcase = await startShowcase({ env: model.env });
    const one = await openJobs(await openContext(), `${showcase.origin}/progress`);
    await one.ask("Why?");
    const answer = await model.asked();
    expect([answer.question, answer.authorization]).toEqual(["Why?", "Bearer a-key"]);
    answer.write("One, ");
    await one.reads("One, ");

    await one.page.reload();
    answer.write("two, ");
    await one.reads("One, two, ");
    const two = await openJobs(await openContext(), one.page.url());
    await two.reads("One, two, ");
    expect(await two.page.getByText("Written by a-model.").isVisible()).toBe(true);
    answer.write("three.");
    for (const client of [one, two]) await client.reads("One, two, three.");

    await two.stop();
    for (const client of [one, two]) await client.stands("Stopped");
    await vi.waitFor(() => expect(answer.isAborted).toBe(true), WAIT);
    answer.write("four");
    for (const client of [one, two]) {
      expect(await client.text()).toBe("One, two, three.");
      expect(await client.page.getByRole("button", { name: "Stop", exact: true }).isDisabled()).toBe(true);
      expect(client.complaints).toEqual([]);
    }
    expect(await endsOf(showcase, one)).toEqual([expect.objectContaining({ state: "cancelled", done: 16 })]);
  });

  test("two clients that stop one job in the same moment make one end", async () => {
    const model = await startModelServer();
    const showcase = await startShowcase({ env: model.env });
    const one = await openJobs(await openContext(), `${showcase.origin}/progress`);
    await one.ask("Why?");
    (await model.asked()).write("One");
    await one.reads("One");
    const two = await openJobs(await openContext(), one.page.url());
    await two.reads("One");
    await Promise.all([one.stop(), two.stop()]);
    for (const client of [one, two]) await client.stands("Stopped");
    expect(await endsOf(showcase, one)).toHaveLength(1);
  });

  test("a thousand tokens a second come in batches, whole over a cut and a change of transport, render at most once a frame, and move nothing (P1, P2)", async () => {
    const model = await startModelServer();
    const showcase = await startShowcase({ env: model.env });
    const { page, ask, reads, stands, id, complaints } = await openJobs(
      await openContext(),
      `${showcase.origin}/progress`,
    );
    await ask("How many?");
    const answer = await model.asked();
    answer.write("Tokens: ");
    await reads("Tokens: ");

    const shifts = await watchLayoutShifts(page);
    const renders = await watchRenders(page);
    const words = Array.from({ length: 3_000 }, (_, index) => (index % 80 === 79 ? `${index}\n\n` : `${index} `));
    await writeAll(answer.write, words.slice(0, 1_000));
    await page.getByRole("button", { name: "Cut" }).click();
    await writeAll(answer.write, words.slice(1_000, 2_000));
    await page.getByText("SSE", { exact: true }).click();
    await writeAll(answer.write, words.slice(2_000));
    answer.end();

    await stands("Done");
    await reads(`Tokens: ${words.join("")}`.replaceAll("\n\n", ""));
    const { mutations, frames } = await renders();
    console.log(`${words.length} tokens, ${mutations} renders of the answer in ${frames} frames`);
    expect(mutations).toBeLessThanOrEqual(frames);
    const moved = (await shifts()).map((shift) => Number.parseFloat(shift));
    expect(moved.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(MOST_SHIFT);
    const pieces = await historyOf(showcase, `@stream/job/${id()}/answer`);
    expect(pieces.length).toBeLessThan(words.length / 5);
    expect(complaints).toEqual([]);
  });

  test("a model that refuses, and one that breaks off, are a job that failed, with the reason and what there was", async () => {
    const model = await startModelServer();
    const showcase = await startShowcase({ env: model.env });
    const { page, ask, reads, stands } = await openJobs(await openContext(), `${showcase.origin}/progress`);
    await ask("Now?");
    (await model.asked()).refuse(429, "Too many questions.");
    await stands("Failed");
    await page.getByText("The model's server refused with 429: Too many questions.").waitFor();
    await ask("And now?");
    const answer = await model.asked();
    answer.write("Half of an");
    await reads("Half of an");
    answer.breakOff();
    await stands("Failed");
    await page.getByText("The model's server ended the answer in the middle.").waitFor();
    await reads("Half of an");
  });

  test("without a model a small program writes, says so, and goes on while its page is closed", async () => {
    const showcase = await startShowcase();
    const context = await openContext();
    const first = await openJobs(context, `${showcase.origin}/progress`);
    await first.ask("Why does a proxy that buffers make SSE silent?");
    await first.page.getByText("Written by a small program of this page, not by a model.").waitFor();
    await vi.waitFor(async () => expect(await first.text()).toContain("A proxy that buffers"), WAIT);
    const address = first.page.url();
    const before = await first.text();
    await first.page.close();
    const second = await openJobs(context, address);
    await second.stands("Done");
    await vi.waitFor(async () => expect((await second.text()).length).toBeGreaterThan(before.length), WAIT);
    expect((await second.text()).startsWith(before)).toBe(true);
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });

  test("a file is hashed as node:crypto does, with progress that a second client sees", async () => {
    const showcase = await startShowcase();
    const { path, sha256 } = writeFile(24_000_000);
    const one = await openJobs(await openContext(), `${showcase.origin}/progress`);
    const two = await openJobs(await openContext(), `${showcase.origin}/progress`);
    const seen = await watchProgress(two.page);
    await one.page.locator("input[type=file]").setInputFiles(path);
    await one.stands("Done");
    expect(await one.page.getByText(sha256).textContent()).toBe(sha256);
    await two.page.getByRole("link", { name: /upload\.bin/ }).click();
    await two.page.getByText(sha256).waitFor();
    const values = await seen();
    expect(values.some((value) => value > 0 && value < 1)).toBe(true);
    expect(await endsOf(showcase, one)).toEqual([
      expect.objectContaining({ state: "done", file: expect.objectContaining({ sha256, bytes: 24_000_000 }) }),
    ]);
    expect([...one.complaints, ...two.complaints]).toEqual([]);
  });

  test("an upload that is stopped on a page ends at whoever sends it; one that breaks off is a job that failed; neither keeps its place", async () => {
    const showcase = await startShowcase();
    const client = await openJobs(await openContext(), `${showcase.origin}/progress`);
    const stopped = beginUpload(showcase, "stopped.bin");
    await client.page.getByRole("link", { name: /stopped\.bin/ }).click();
    await client.stands("Receiving");
    await client.stop();
    await client.stands("Stopped");
    await stopped.closed;
    expect((await endsOf(showcase, client)).map(({ state }) => state)).toEqual(["cancelled"]);

    const broken = beginUpload(showcase, "broken.bin");
    await client.page.getByRole("link", { name: /broken\.bin/ }).click();
    await client.stands("Receiving");
    broken.sending.destroy();
    await client.stands("Failed");
    await client.page.getByText("The upload broke off before all of the file had come.").waitFor();
    expect(client.complaints).toEqual([]);
  });

  test("a file that is too large, and an id that was used, are refused in words; another method as well", async () => {
    const showcase = await startShowcase();
    const id = crypto.randomUUID();
    const url = `${showcase.origin}/progress/files/${id}?name=a`;
    const tooLarge = request(url, { method: "PUT", headers: { "content-length": 300 * 1024 * 1024 } });
    tooLarge.on("error", () => {}); // the server may end it
    tooLarge.flushHeaders();
    const [refusal] = (await once(tooLarge, "response")) as [{ statusCode: number }];
    tooLarge.destroy();
    expect(refusal.statusCode).toBe(413);
    expect((await fetch(url, { method: "PUT", body: "abc" })).status).toBe(201);
    const again = await fetch(url, { method: "PUT", body: "abc" });
    expect([again.status, await again.json()]).toEqual([
      409,
      { message: "There is a job with this id already; give another one." },
    ]);
    expect((await fetch(url)).status).toBe(405);
  });

  test("a server that ends fails its jobs in words; one that is started anew knows them no more, and the page says so", async () => {
    const model = await startModelServer();
    const showcase = await startShowcase({ env: model.env });
    const client = await openJobs(await openContext(), `${showcase.origin}/progress`);
    await client.ask("Why?");
    const answer = await model.asked();
    answer.write("One");
    await client.reads("One");
    await showcase.stop("SIGTERM");
    await client.stands("Failed");
    await client.page.getByText("The server ended before the job did.").waitFor();
    await vi.waitFor(() => expect(answer.isAborted).toBe(true), WAIT);
    await startShowcase({ env: { ...model.env, EITHERWAY_PORT: String(showcase.port) } });
    await client.page.getByText("This server knows no such job.").waitFor();
  });

  test("hangs out of no screen and has no serious fault for axe, on desktop and phone, light and dark", async () => {
    const showcase = await startShowcase();
    await fetch(`${showcase.origin}/progress/files/${crypto.randomUUID()}?name=${"long-name-".repeat(20)}`, {
      method: "PUT",
      body: "abc",
    });
    for (const [name, screen] of SCREENS) {
      const { page, ask, stop, complaints } = await openJobs(await openContext(screen), `${showcase.origin}/progress`);
      for (const shown of ["nothing", "an answer"]) {
        if (shown === "an answer") await ask("What is a lease?");
        expect([name, shown, await sidewaysScroll(page), await accessibilityFaults(page)]).toEqual([
          name,
          shown,
          [],
          [],
        ]);
      }
      await stop();
      await page.getByRole("link", { name: /long-name/ }).click();
      await page.getByText("ba7816bf").waitFor();
      expect([name, await sidewaysScroll(page), await accessibilityFaults(page)]).toEqual([name, [], []]);
      expect(complaints).toEqual([]);
    }
  });
});

const TOKENS_AT_ONCE = 10;

/** About a thousand a second. */
async function writeAll(write: (token: string) => void, tokens: readonly string[]): Promise<void> {
  for (let first = 0; first < tokens.length; first += TOKENS_AT_ONCE) {
    for (const token of tokens.slice(first, first + TOKENS_AT_ONCE)) write(token);
    await new Promise((resolve) => setTimeout(resolve, TOKENS_AT_ONCE)); // the pace is what is tested, nothing waits for it
  }
}

/** Counts the moments in which the answer changed, and the frames in which that could be seen. */
async function watchRenders(
  page: Page,
): Promise<() => Promise<{ readonly mutations: number; readonly frames: number }>> {
  const watch = await page.evaluateHandle(() => {
    const counts = { mutations: 0, frames: 0 };
    let isOver = false;
    const observer = new MutationObserver(() => counts.mutations++);
    observer.observe(document.querySelector(".answer") as Element, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    const countFrame = (): void => {
      counts.frames++;
      if (!isOver) requestAnimationFrame(countFrame);
    };
    requestAnimationFrame(countFrame);
    return {
      end() {
        isOver = true;
        observer.disconnect();
        return counts;
      },
    };
  });
  return () => watch.evaluate((running) => running.end());
}

/** What the bars of the list show, from 0 to 1, as it changes. */
async function watchProgress(page: Page): Promise<() => Promise<readonly number[]>> {
  const watch = await page.evaluateHandle(() => {
    const values: number[] = [];
    const observer = new MutationObserver(() => {
      for (const bar of document.querySelectorAll<HTMLProgressElement>(".jobs progress")) {
        if (bar.dataset.state === "running") values.push(bar.position);
      }
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
    return values;
  });
  return () => watch.jsonValue();
}

function writeFile(bytes: number): { readonly path: string; readonly sha256: string } {
  const folder = mkdtempSync(join(tmpdir(), "progress-upload-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "upload.bin");
  const content = randomBytes(bytes);
  writeFileSync(path, content);
  return { path, sha256: createHash("sha256").update(content).digest("hex") };
}

/** An upload that is in the middle until it ends. */
function beginUpload(
  { origin }: Showcase,
  name: string,
): { readonly sending: ClientRequest; readonly closed: Promise<unknown> } {
  const url = `${origin}/progress/files/${crypto.randomUUID()}?name=${name}`;
  const sending = request(url, { method: "PUT", headers: { "content-length": 2_000_000 } });
  onTestFinished(() => void sending.destroy());
  sending.on("error", () => {}); // it is ended in the middle
  const closed = new Promise((resolve) => void sending.once("close", resolve));
  sending.write(randomBytes(1_000_000));
  return { sending, closed };
}
