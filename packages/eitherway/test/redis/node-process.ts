/** Nodes of one system, each a process: killed without a goodbye, and started again where they were. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Retention } from "../../src/core/index.ts";
import { freePort } from "../node/support.ts";

export interface NodeSettings {
  /** Of Redis. */
  readonly url: string;
  readonly prefix: string;
  readonly port: number;
  readonly retention?: Partial<Retention> | undefined;
  /** By which address a node reaches those that Redis tells it of. */
  readonly natMap?: Readonly<Record<string, { readonly host: string; readonly port: number }>> | undefined;
}

export interface RunningNode {
  readonly port: number;
  /** What a client connects to. */
  readonly url: string;
  /** How many clients it has now. */
  links(): Promise<number>;
  kill(): Promise<void>;
  /** After a kill, on the same port. */
  start(): Promise<void>;
}

/** Starts a node until the test is over. It runs what is built: three that compile themselves take longer than their test. */
export async function startNode(settings: Omit<NodeSettings, "port">): Promise<RunningNode> {
  const port = await freePort();
  const program = fileURLToPath(new URL("./programs/node.js", import.meta.url));
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = fork(program, [JSON.stringify({ ...settings, port })], { execArgv: [] });
    child = started;
    const ended = once(started, "exit").then(([code]) => {
      throw new Error(`a node ended with ${code} before it listened`);
    });
    ended.catch(() => {}); // it ends in the end
    await Promise.race([once(started, "message"), ended]);
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async function links(): Promise<number> {
    if (!child) throw new Error("the node is not started");
    const answered = once(child, "message");
    child.send("links");
    const [count] = (await answered) as [number];
    return count;
  }

  onTestFinished(kill);
  await start();
  return { port, url: `http://127.0.0.1:${port}/eitherway`, links, kill, start };
}
