/** Command lines run inside the test: their streams are the test's, and so is the signal that ends them. */
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import { runCli } from "../../src/cli/cli.ts";
import { eitherway, type NodeEitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { plant, witness, witnessed, witnessMetrics } from "../support/witness.ts";

export interface RunningCli {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly exit: Promise<number>;
  /** What was written so far. */
  out(): string;
  err(): string;
  /** Whether the terminal hands over single keys, which must not outlast the command. */
  isRaw(): boolean;
  /** Resolves once standard output (or error) matches; rejects when the command ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C. Resolves with the exit code. */
  stop(): Promise<number>;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard output is read by nobody until the test reads it. */
  readonly unread?: boolean;
  readonly terminal?: boolean;
}

/** Starts `eitherway …argv`; it ends with the test. */
export function startCli(argv: readonly string[], options: CliOptions = {}): RunningCli {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let raw = false;
  if (options.terminal) {
    for (const stream of [stdin, stdout, stderr]) Object.assign(stream, { isTTY: true });
    Object.assign(stdin, { setRawMode: (on: boolean) => (raw = on) });
  }
  const stop = new AbortController();
  const texts = { out: "", err: "" };
  const isServer = argv.length === 0 || argv[0] === "serve" || argv[0]?.startsWith("-") === true;
  const looks = new Set<() => void>();
  const lookAgain = (): void => {
    for (const look of [...looks]) look();
  };
  const collect = (stream: PassThrough, name: "out" | "err"): void => {
    stream.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
      if (isServer) witness("output", text);
      lookAgain();
    });
  };
  if (!options.unread) collect(stdout, "out");
  collect(stderr, "err");
  let over = false;
  const exit = runCli(argv, { env: options.env ?? {}, stdin, stdout, stderr, signal: stop.signal }).finally(() => {
    over = true;
    setImmediate(lookAgain); // what was written last arrives first
  });
  onTestFinished(async () => {
    stop.abort();
    stdout.resume();
    await exit;
  });
  const matches = (name: "out" | "err", pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(texts[name]);
        if (!match && !over) return;
        looks.delete(look);
        if (match) resolve(match);
        else reject(new Error(`it ended without ${pattern}: ${JSON.stringify(texts)}`));
      };
      looks.add(look);
      look();
    });
  return {
    stdin,
    stdout,
    exit,
    out: () => texts.out,
    err: () => texts.err,
    isRaw: () => raw,
    prints: (pattern) => matches("out", pattern),
    says: (pattern) => matches("err", pattern),
    stop() {
      stop.abort();
      return exit;
    },
  };
}

/** All that `eitherway token` writes. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+\n$/;

/** Runs a command line to its end. */
export async function runToEnd(argv: readonly string[], options: CliOptions & { readonly stdin?: string } = {}) {
  const running = startCli(argv, options);
  running.stdin.end(options.stdin ?? "");
  const code = await running.exit;
  await new Promise((resolve) => setImmediate(resolve)); // what was written last arrives
  if (TOKEN.test(running.out())) plant(running.out().trim());
  return { code, out: running.out(), err: running.err() };
}

export interface TestServer {
  readonly ew: NodeEitherway;
  readonly port: number;
  readonly url: string;
}

/** A server for commands to talk to. */
export async function startServer(port = 0, options: NodeEitherwayOptions = {}): Promise<TestServer> {
  const ew = eitherway({ logger: witnessed(), ...options });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  return { ew, ...(await ew.listen({ port })) };
}

/** What a channel keeps. */
export async function history(url: string, channel: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${url}/channels/${channel}?after=start&limit=1000`);
  return ((await answer.json()) as { messages: Record<string, unknown>[] }).messages;
}
