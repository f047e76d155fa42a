/** A real HAProxy in front of a server, with the time limits that its manual recommends for what stays open. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "../node/support.ts";
import { answers, type RunningProxy } from "./nginx.ts";

export interface HaproxyOptions {
  /** The port of the server behind it, on 127.0.0.1. */
  readonly target: number;
  /** In place of the usual time limits. */
  readonly defaults?: string;
  /** Lines of the `frontend`. */
  readonly frontend?: string;
  /** Lines of the `backend`. */
  readonly backend?: string;
}

const USUAL = `
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h`;

/** Starts it on a free port until it is stopped. */
export async function launchHaproxy({
  target,
  defaults = USUAL,
  frontend = "",
  backend = "",
}: HaproxyOptions): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-haproxy-"));
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `
defaults
  mode http
  timeout connect 5s
  ${defaults}
frontend front
  bind 127.0.0.1:${port}
  ${frontend}
  default_backend back
backend back
  ${backend}
  server one 127.0.0.1:${target}
`,
  );
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}${delimiter}/usr/sbin` }; // Debian puts it there
  const haproxy = spawn("haproxy", ["-db", "-f", file], { env });
  const exited = once(haproxy, "exit");
  let complaints = "";
  haproxy.stderr.on("data", (text: Buffer) => {
    complaints += text.toString();
  });
  const stop = async (): Promise<void> => {
    haproxy.kill("SIGKILL"); // a polite end waits for what is open
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const failed = exited.then(() => {
    throw new Error(`HAProxy ended: ${complaints}`);
  });
  failed.catch(() => {}); // it ends in the end
  await Promise.race([answers(port), failed]);
  return { url: `http://127.0.0.1:${port}`, stop };
}
