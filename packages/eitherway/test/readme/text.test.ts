import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_KEY_WINDOW_MS,
  DEFAULT_LIMITS,
  DEFAULT_PING_MS,
  DEFAULT_PRESENCE_LEASE_MS,
  DEFAULT_RETENTION,
} from "../../src/core/index.ts";
import { readAmount } from "../../src/server/amounts.ts";
import { linksOf, programsOf, ROOT, readText, rowsOf } from "./support.ts";

const PAGES = [
  "bench/README.md",
  "README.md",
  "SECURITY.md",
  "docs/auth.md",
  "docs/calls.md",
  "docs/client.md",
  "docs/clients.md",
  "docs/compare.md",
  "docs/contract.md",
  "docs/embedding.md",
  "docs/limits.md",
  "docs/logs.md",
  "docs/migrating/from-eventsource.md",
  "docs/migrating/from-socket-io.md",
  "docs/migrating/from-ws.md",
  "docs/outbox.md",
  "docs/presence.md",
  "docs/react.md",
  "docs/streams.md",
  "docs/testing.md",
  "docs/workers.md",
  "examples/python/README.md",
];

test.each(PAGES)("every link of %s leads somewhere", async (page) => {
  const missing = linksOf(await readText(page)).filter((link) => !existsSync(join(ROOT, dirname(page), link)));
  expect(missing).toEqual([]);
});

test("the README names the very command that .ci/run runs", async () => {
  const command = /^exec (.*)$/m.exec(await readText(".ci/run"))?.[1];
  expect(command).toBe("npm test");
  expect(await readText("README.md")).toMatch(/^npm test +#/m);
});

test("the embed of the README has about twenty lines", async () => {
  const server = programsOf(await readText("README.md")).get("server.ts") ?? "";
  expect(server.trim().split("\n").length).toBeLessThanOrEqual(25);
});

describe("docs/limits.md", () => {
  const defaults = {
    ...DEFAULT_LIMITS,
    ...DEFAULT_RETENTION,
    keyWindowMs: DEFAULT_KEY_WINDOW_MS,
    pingMs: DEFAULT_PING_MS,
    presenceLeaseMs: DEFAULT_PRESENCE_LEASE_MS,
  };

  test("has every limit with its default", async () => {
    const rows = rowsOf(await readText("docs/limits.md")).filter(([name = ""]) => Object.hasOwn(defaults, name));
    const told = rows.map(([name = "", amount = ""]) => {
      const text = amount.replaceAll(",", "").replace(/ ?min$/, "m");
      return [name, readAmount(text, name)];
    });
    expect(Object.fromEntries(told)).toEqual(defaults);
    expect(told).toHaveLength(Object.keys(defaults).length);
  });
});

describe("docs/logs.md", () => {
  /** How our code logs: by what is called `logger`. */
  const LINE = /\blogger\??\.(info|warn|error)\("([^"]+)"/g;
  const AUDITED = ["refused", "revoked", "closed", "suppressed"];

  async function eventsOfCode(): Promise<string[]> {
    const src = join(ROOT, "packages/eitherway/src");
    const files = (await readdir(src, { recursive: true })).filter((name) => name.endsWith(".ts"));
    const texts = await Promise.all(files.map((name) => readFile(join(src, name), "utf8")));
    return texts.flatMap((text) => [...text.matchAll(LINE)].map(([, level, event]) => `${event}: ${level}`));
  }

  test("has every event that the code logs, with its level, and no other", async () => {
    const rows = rowsOf(await readText("docs/logs.md")).filter(([, level = ""]) => /^(info|warn|error)$/.test(level));
    const told = rows.map(([event, level]) => `${event}: ${level}`);
    const logged = [...(await eventsOfCode()), ...AUDITED.map((what) => `${what}: info`)];
    expect(told.sort()).toEqual([...new Set(logged)].sort());
  });
});
