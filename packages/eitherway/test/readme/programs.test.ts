import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { freePort } from "../node/support.ts";
import { programsOf, ROOT, readText } from "./support.ts";

const TYPESCRIPT = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
/** Their programs compile; those of the README run. */
const PAGES = [
  "README.md",
  "docs/calls.md",
  "docs/client.md",
  "docs/contract.md",
  "docs/embedding.md",
  "docs/outbox.md",
  "docs/react.md",
  "docs/streams.md",
];
const PORT_IN_TEXT = "3000";
/** A compiler on a busy machine. */
const COMPILE_MS = 120_000;

let folder: string;
let port: number;

/** The programs as a user has them: in a project of their own that depends on the built package, compiled strictly. */
beforeAll(async () => {
  expect(existsSync(join(ROOT, "packages/eitherway/dist/node/index.js")), "npm run build comes before this test").toBe(
    true,
  );
  await mkdir(join(ROOT, ".cache"), { recursive: true });
  folder = await mkdtemp(join(ROOT, ".cache", "readme-"));
  port = await freePort();
  await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
  const files: string[] = [];
  for (const page of PAGES) {
    for (const [name, text] of programsOf(await readText(page))) {
      if (files.includes(name)) throw new Error(`Two programs are called ${name}.`);
      files.push(name);
      await writeFile(join(folder, name), text.replaceAll(PORT_IN_TEXT, String(port)));
    }
  }
  const options = [
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--lib",
    "es2023,dom,dom.iterable",
    "--skipLibCheck",
  ];
  const command = [join(TYPESCRIPT, "bin", "tsc"), ...options, "--types", "node", ...files];
  await promisify(execFile)(process.execPath, command, { cwd: folder });
}, COMPILE_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A program, and what it prints. */
function start(name: string): { child: ChildProcess; prints(pattern: RegExp): Promise<string> } {
  const child = spawn(process.execPath, [join(folder, name)], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  let look = (): void => {};
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    look();
  });
  return {
    child,
    prints: (pattern) =>
      new Promise((resolve) => {
        look = () => {
          if (pattern.test(output)) resolve(output);
        };
        look();
      }),
  };
}

test("the server and the client of the README compile strictly, talk, and end when told to (P3, P10)", async () => {
  const server = start("server.js");
  await answers(`http://127.0.0.1:${port}/`);
  expect(await (await fetch(`http://127.0.0.1:${port}/other`)).text()).toBe("Your application answers /other.\n");
  const client = start("client.js");
  const output = await client.prints(/stored as [0-9a-z]{12}-00000001\n.*open sse .*tick \{ now: [0-9]+ \}/s);
  expect(output).not.toContain("missed something");
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

/** Resolves once something answers there. The test's own time limit is the deadline. */
async function answers(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
