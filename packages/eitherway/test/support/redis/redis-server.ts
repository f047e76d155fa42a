/** A real Redis with a folder of its own, which a test kills, freezes, starts again and sets back as it likes. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { freePort } from "../../node/support.ts";
import { createWallClock, type WallClock } from "./wall-clock.ts";

export interface RedisOptions {
  /** Gives it a time of day that `advance` moves. Default: the machine's. */
  readonly movableClock?: boolean;
  /** Whether a command that was answered survives `kill`. Default: `false`, and a start finds what the last snapshot kept, or nothing. */
  readonly durable?: boolean;
  /** Lines of the configuration. */
  readonly config?: readonly string[];
}

export interface RunningRedis {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** The answer as `redis-cli` prints it; an error answer rejects. */
  command(...words: readonly (string | number)[]): Promise<string>;
  /** Moves its clock, of `movableClock` only. */
  advance(ms: number): void;
  /** Ends it at once, without a goodbye to anybody, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it after a `kill`, on the same port with the data it had. */
  start(): Promise<void>;
  /** Freezes it: its connections stay, and nothing is answered. */
  pause(): void;
  resume(): void;
  /** What it holds now, for `restore`. */
  snapshot(): Promise<RedisSnapshot>;
  /** Between `kill` and `start`: puts the data of then in the place of those of now. */
  restore(snapshot: RedisSnapshot): void;
  stop(): Promise<void>;
}

/** A folder with the data of then, which goes with the Redis. */
export interface RedisSnapshot {
  readonly folder: string;
}

/** Starts one on a free port until the test is over. */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const redis = await launchRedis(options);
  onTestFinished(redis.stop);
  return redis;
}

/** Starts one on a free port until it is stopped. */
export async function launchRedis({
  movableClock = false,
  durable = false,
  config = [],
}: RedisOptions = {}): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), "eitherway-redis-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const port = await freePort();
  const file = join(folder, "redis.conf");
  writeFileSync(file, configuration({ port, data, durable, config }));
  const clock = movableClock ? createWallClock(folder) : undefined;
  const program = createProgram("redis-server", [file], { port, env: clock?.env ?? {} });
  let snapshots = 0;

  const stop = async (): Promise<void> => {
    await program.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await program.start();
  } catch (cause) {
    await stop();
    throw cause;
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command: (...words) => redisCli(port, ...words),
    advance: (ms) => clockOf(clock).advance(ms),
    kill: program.kill,
    start: program.start,
    pause: () => program.signal("SIGSTOP"),
    resume: () => program.signal("SIGCONT"),
    async snapshot() {
      if (!durable) await redisCli(port, "SAVE");
      const copy = join(folder, `snapshot-${++snapshots}`);
      cpSync(data, copy, { recursive: true });
      return { folder: copy };
    },
    restore(snapshot) {
      if (program.runs()) throw new Error("Redis runs, and would not look at what is restored; kill it first.");
      rmSync(data, { recursive: true });
      cpSync(snapshot.folder, data, { recursive: true });
    },
    stop,
  };
}

function configuration(of: { port: number; data: string; durable: boolean; config: readonly string[] }): string {
  return `${[
    `port ${of.port}`,
    "bind 127.0.0.1",
    `dir ${of.data}`,
    'save ""',
    ...(of.durable ? ["appendonly yes", "appendfsync no"] : []), // a process that is killed loses nothing that the system has
    ...of.config,
  ].join("\n")}\n`;
}

function clockOf(clock: WallClock | undefined): WallClock {
  if (!clock) throw new Error("This Redis has the clock of the machine; start it with movableClock: true.");
  return clock;
}

export interface Program {
  /** Resolves once it answers on its port. */
  start(): Promise<void>;
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  runs(): boolean;
}

/** A program that speaks Redis on a port. */
export function createProgram(
  program: string,
  argv: readonly string[],
  { port, env = {} }: { readonly port: number; readonly env?: Readonly<Record<string, string>> },
): Program {
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let complaints = "";

  const note = (text: Buffer): void => {
    complaints += text.toString();
  };

  return {
    async start() {
      if (child) throw new Error(`${program} on port ${port} runs already.`);
      complaints = "";
      const started = spawn(program, argv, { env: { ...process.env, ...env } });
      child = started;
      started.stdout.on("data", note);
      started.stderr.on("data", note);
      exited = once(started, "exit").finally(() => {
        if (child === started) child = undefined;
      });
      const failed = exited.then(() => {
        throw new Error(`${program} ended: ${complaints}`);
      });
      failed.catch(() => {}); // it ends in the end
      await Promise.race([eventually(async () => (await redisCli(port, "PING")) === "PONG"), failed]);
    },
    async kill() {
      child?.kill("SIGKILL"); // one that is paused, too
      await exited.catch(() => {});
    },
    signal(signal) {
      child?.kill(signal);
    },
    runs: () => child !== undefined,
  };
}

const call = promisify(execFile);

/** One command by `redis-cli`, whose answer it is as text. Rejects for an error, and where nobody answers. */
export async function redisCli(port: number, ...words: readonly (string | number)[]): Promise<string> {
  const { stdout } = await call("redis-cli", ["-e", "-p", String(port), ...words.map(String)]);
  return stdout.replace(/\n$/, "");
}

const RETRY_MS = 20;

/** Resolves once `look` is true; what it throws is "not yet". The test's own time limit is the deadline. */
export async function eventually(look: () => Promise<boolean>): Promise<void> {
  while (!(await look().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}

/** Reads a value of `INFO`, or of another answer in lines of `name:value`. */
export function fieldOf(answer: string, name: string): string | undefined {
  const line = answer.split(/\r?\n/).find((text) => text.startsWith(`${name}:`));
  return line?.slice(name.length + 1);
}
