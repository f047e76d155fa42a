/** Programs of pages as a user has them: in a project of their own that depends on the built package, compiled strictly. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { freePort } from "../node/support.ts";
import { programsOf, ROOT, readText } from "./support.ts";

const TYPESCRIPT = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const PORT_IN_TEXT = "3000";
const PAGE_PORT_IN_TEXT = "5173";

export interface Project {
  /** Where its files are. */
  readonly folder: string;
  /** In place of the one that the pages have. */
  readonly port: number;
  /** The same of pages, where a development server has them. */
  readonly pagePort: number;
  /** Starts a program; it ends with the test. */
  start(name: string, nodeOptions?: readonly string[]): StartedProgram;
  /** Starts a program that is a test of vitest's. */
  startVitest(name: string): StartedProgram;
  remove(): Promise<void>;
}

export interface StartedProgram {
  readonly child: ChildProcess;
  /** Resolves once it listens on the port; rejects if it ends before. The test's own time limit is the deadline. */
  listening(): Promise<void>;
  /** Resolves with all that it printed, once that matches; rejects if it ends before. The test's own time limit is the deadline. */
  prints(pattern: RegExp): Promise<string>;
}

const OPTIONS = [
  "--strict",
  "--module",
  "nodenext",
  "--target",
  "es2023",
  "--lib",
  "es2023,dom,dom.iterable",
  "--skipLibCheck",
  "--jsx",
  "react-jsx",
  "--rewriteRelativeImportExtensions",
];

/** Rejects with the compiler's words where a program does not compile. */
export async function compilePages(pages: readonly string[]): Promise<Project> {
  if (!existsSync(join(ROOT, "packages/eitherway/dist/node/index.js"))) {
    throw new Error("npm run build comes before this test");
  }
  await mkdir(join(ROOT, ".cache"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".cache", "readme-"));
  const [port, pagePort] = [await freePort(), await freePort()];
  await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
  await writeFile(join(folder, "vitest.config.js"), "export default {};"); // else vitest takes the one of this repository
  const files: string[] = [];
  for (const page of pages) {
    for (const [name, text] of programsOf(await readText(page))) {
      if (files.includes(name)) throw new Error(`Two programs are called ${name}.`);
      files.push(name);
      await mkdir(dirname(join(folder, name)), { recursive: true });
      const placed = text.replaceAll(PORT_IN_TEXT, String(port)).replaceAll(PAGE_PORT_IN_TEXT, String(pagePort));
      await writeFile(join(folder, name), placed);
    }
  }
  const command = [join(TYPESCRIPT, "bin", "tsc"), ...OPTIONS, "--types", "node", ...files];
  await promisify(execFile)(process.execPath, command, { cwd: folder });
  return {
    folder,
    port,
    pagePort,
    start: (name, nodeOptions = []) => startProgram([...nodeOptions, join(folder, name)], port),
    startVitest: (name) => startProgram([VITEST, "run", "--root", folder, name], port),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function startProgram(args: readonly string[], port: number): StartedProgram {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close"); // and all that it printed is read
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended; // the port is the next test's: nothing of this one may answer there
  });
  let output = "";
  let look = (): void => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    look();
  });
  const hasEnded = (what: string): Error => {
    const how = child.exitCode ?? child.signalCode;
    return new Error(`The program ended (${how}) before ${what}. It printed:\n${output}`);
  };
  return {
    child,
    async listening() {
      while (!(await isOpen(port))) {
        if (child.exitCode !== null) throw hasEnded("it listened");
        await setTimeout(LOOK_AGAIN_MS);
      }
    },
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(output)) resolve(output);
        };
        look();
        ended.then(() => reject(hasEnded(`it printed ${pattern}`)), reject);
      }),
  };
}

const LOOK_AGAIN_MS = 20;

/** By a connection alone: some servers answer no plain request. */
async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
