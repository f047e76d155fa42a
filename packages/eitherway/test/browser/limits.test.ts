import { describe, expect, test } from "vitest";
import { measureBrowser } from "../../src/cli/compare/browser-limits.ts";
import { findChromium } from "../../src/cli/compare/chromium.ts";

const LIMIT_MS = 50_000;

describe("what a browser keeps open", () => {
  test("is six streams over HTTP/1.1, for all tabs together, and far more over HTTP/2 and by WebSocket", async () => {
    const program = findChromium(process.env);
    if (program === undefined) throw new Error("there is no Chromium here; CHROME_PATH names one");
    const found = await measureBrowser(program, { signal: new AbortController().signal, limitMs: LIMIT_MS });
    expect(found?.browser).toMatch(/^Chromium \d+$/);
    const open = Object.fromEntries((found?.limits ?? []).map((limit) => [limit.id, limit]));
    expect(open["sse-http1"]).toMatchObject({ open: 6, atLeast: false });
    expect(open["tabs-http1"]).toMatchObject({ open: 6, atLeast: false });
    expect(open["sse-http2"]?.open).toBeGreaterThan(30);
    expect(open.websocket).toMatchObject({ open: 100, atLeast: true });
    expect(open["tabs-http2"]).toMatchObject({ open: 10, atLeast: true });
  });

  test("is not measured once it is to end", async () => {
    const program = findChromium(process.env) ?? "";
    expect(await measureBrowser(program, { signal: AbortSignal.abort(), limitMs: LIMIT_MS })).toBeUndefined();
  });
});

describe("a Chromium", () => {
  test("is the one that CHROME_PATH names, or the first on the PATH; or there is none", () => {
    expect(findChromium({ CHROME_PATH: process.execPath, PATH: "/usr/bin" })).toBe(process.execPath);
    expect(findChromium({ CHROME_PATH: "/nowhere/chrome", PATH: "/nowhere" })).toBeUndefined();
  });
});
