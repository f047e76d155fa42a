import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PACKAGE } from "./support.ts";

const BUILD_MS = 120_000; // it builds first where something is out of date

test("npm start leaves nothing behind when npm is ended by its id alone", { timeout: BUILD_MS }, async () => {
  const { PATH, HOME } = process.env;
  const npm = spawn("npm", ["start"], {
    cwd: join(PACKAGE, "..", ".."),
    env: { PATH, HOME, EITHERWAY_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, so that a failed test can end all of it
  });
  const group = -(npm.pid ?? Number.NaN);
  const closed = once(npm, "close"); // when the last process that has its output is gone
  onTestFinished(() => {
    if (npm.stdout.closed) return;
    process.kill(group, "SIGKILL");
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    npm.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("Ctrl-C ends it.")) resolve();
    });
    closed.then(() => reject(new Error(`npm start ended:\n${output}`)), reject);
  });
  npm.kill("SIGTERM");
  await closed;
  const [, address = ""] = /Eitherway is at (\S+)/.exec(output) ?? [];
  await expect(fetch(address)).rejects.toThrow();
});
