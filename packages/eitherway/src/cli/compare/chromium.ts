/** A Chromium of this machine, without a driver: it is given a page and ended. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const ELSEWHERE = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** `CHROME_PATH`, or the first one on the `PATH` or where installers put it. */
export function findChromium(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [env.CHROME_PATH, ...onPath, ...ELSEWHERE].find((file) => file !== undefined && existsSync(file));
}

export interface RunningChromium {
  close(): Promise<void>;
}

/** Opens the page in a profile of its own, which goes with it. */
export async function openInChromium(program: string, url: string): Promise<RunningChromium> {
  const profile = await mkdtemp(join(tmpdir(), "eitherway-chromium-"));
  const child = spawn(program, [...FLAGS, ...(isRoot() ? ["--no-sandbox"] : []), `--user-data-dir=${profile}`, url], {
    stdio: "ignore",
    detached: true, // a group of its own: its children end with it
  });
  const exited = once(child, "exit").catch(() => {});
  return {
    async close() {
      kill(child.pid);
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const FLAGS = [
  "--headless=new",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-gpu",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-popup-blocking", // the page opens tabs by itself
  "--ignore-certificate-errors", // the server's certificate is its own
];

/** Chromium refuses to sandbox for root. */
function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // it is gone already
  }
}
