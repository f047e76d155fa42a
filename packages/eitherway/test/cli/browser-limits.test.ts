/** What the page of `compare` takes for open, run here with streams that open when a test says so. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limitsPage } from "../../src/cli/compare/browser-limits-page.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const NEVER = Number.POSITIVE_INFINITY;

/** How many are found open where the first takes so many milliseconds, the second so many, ...; and after how long that is said. */
async function found(...opensAfter: readonly number[]): Promise<{ open: number; afterMs: number }> {
  let count = 0;
  class Stream {
    onopen?: () => void;
    constructor() {
      const ms = opensAfter[count++] ?? NEVER;
      if (ms !== NEVER) setTimeout(() => this.onopen?.(), ms);
    }
    close(): void {}
  }
  const began = performance.now();
  const said = new Promise<{ open: number; afterMs: number }>((resolve) => {
    const ask = async (_url: string, { body }: { body: string }) => {
      resolve({ ...(JSON.parse(body) as { open: number }), afterMs: performance.now() - began });
      return new Response("");
    };
    const [, script = ""] =
      /<script type="module">(.*)<\/script>/s.exec(limitsPage("streams", { most: 20, patienceMs: 1_500 })) ?? [];
    const run = new Function("EventSource", "fetch", "location", `return (async () => {${script}})()`);
    void run(Stream, ask, {});
  });
  await vi.runAllTimersAsync();
  return said;
}

test("what does not open while others are quick is not open: a quick machine is told after 1.5 s", async () => {
  expect(await found(20, 30, 25, 30, 20, 40)).toEqual({ open: 6, afterMs: 165 + 1_500 });
});

test("where each takes its time, one that takes twice as long is open as well", async () => {
  expect(await found(900, 800, 1_000, 900, 800, 1_900)).toMatchObject({ open: 6 });
});

test("a machine that is slow with the first one is given time", async () => {
  expect(await found(9_000, 400, NEVER)).toMatchObject({ open: 2 });
});

test("what has no end is asked for as many as is said", async () => {
  expect(await found(...Array<number>(30).fill(10))).toEqual({ open: 20, afterMs: 200 });
});
