/** The client outside Node's main thread: in Bun, in Deno and in a worker thread, each against a server of ours over a bad network. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { usePageServer } from "../browser/page-server.ts";
import { BROWSER_CASES } from "../browser/pages/cases.ts";
import { bringRuntime } from "./bring-runtime.ts";

/** What may differ between runtimes: their sockets, their fetch, their timers, and what keeps them alive. */
const TELLING =
  /hears itself|after each cut|payloads of every kind|server restart|leaves nothing behind|a switch keeps/;
const TITLES = BROWSER_CASES.map(({ title }) => title).filter((title) => TELLING.test(title));

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const CASES = pathOf("programs/cases.ts");

interface Runtime {
  readonly name: string;
  /** The program and its first arguments. */
  command(): Promise<readonly [string, ...string[]]>;
}

const RUNTIMES: readonly Runtime[] = [
  { name: "Bun", command: async () => [await bringRuntime("bun"), "run", CASES] },
  { name: "Deno", command: async () => [await bringRuntime("deno"), "run", "--no-lock", "--allow-all", CASES] },
  { name: "a worker thread of Node", command: async () => [process.execPath, pathOf("programs/in-worker.js")] },
];

const RUN_MS = 60_000;
const START_MS = 120_000; // npm may have to bring the runtime first
const pages = usePageServer();

describe.each(RUNTIMES)("$name", ({ command }) => {
  const results = new Map<string, string>();
  let ended: { readonly code: number | null; readonly errors: string };

  beforeAll(async () => {
    const [program, ...args] = await command();
    const child = spawn(program, [...args, pages().address("suite"), ...TITLES], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: RUN_MS,
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    const [code] = (await once(child, "close")) as [number | null];
    ended = { code, errors };
    for (const line of output.split("\n").filter((text) => text !== "")) {
      const { title, failure } = JSON.parse(line) as { title: string; failure: string };
      results.set(title, failure);
    }
  }, START_MS);

  test.each(TITLES)("%s", (title) => {
    expect(results.get(title)).toBe("");
  });

  test("ends by itself when every client is closed, and complains about nothing", () => {
    expect(ended).toEqual({ code: 0, errors: "" });
  });
});
