/** The server that is measured, seen from the process that measures. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Heard, Trace } from "../../instrument/index.ts";
import type { Certificate } from "../../node/index.ts";
import type { ContentKind } from "./content.ts";

/** What its process is asked. */
export interface MeasuredServerAbilities {
  start(options: StartOptions): Promise<Ports>;
  /** Publishes a trace from inside, so that nothing on the way up takes part. Resolves once the last message is stored. */
  send(order: { readonly channel: string; readonly kind: ContentKind; readonly trace: Trace }): Promise<void>;
  usage(options: { readonly collected: boolean }): Promise<Usage>;
  /** What clients published to a channel of a round since the last time this was asked, as it came to the log. */
  heard(from: { readonly channel: string }): Promise<readonly Heard[]>;
}

export interface StartOptions {
  /** With it both versions of HTTP are on one port. Without it HTTP/2 is spoken by prior knowledge, on a port of its own. */
  readonly tls?: Certificate | undefined;
  readonly pingMs?: number;
  /** Default: free ones. */
  readonly ports?: Ports;
}

export interface Ports {
  readonly http1: number;
  readonly http2: number;
}

export interface Usage {
  /** User and system time of the process. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** JavaScript's heap and the memory outside it that JavaScript holds. After a collection where that was asked for. */
  readonly heldBytes: number;
  /** Of all sockets since the start, without the headers of TCP and IP. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly sockets: number;
  /** For how long it did nothing at a stretch though it should have, at most, since the last time this was asked, in ms. */
  readonly pausedMs: number;
}

export interface MeasuredServer extends Omit<MeasuredServerAbilities, "start"> {
  readonly pid: number;
  readonly ports: Ports;
  /** At once, as a crash does. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** The built one, from `src` and from `dist` alike: Node runs no TypeScript. */
const PROGRAM = new URL("../../../dist/cli/compare/measured-server-process.js", import.meta.url);

export interface Question {
  readonly id: number;
  readonly ask: keyof MeasuredServerAbilities;
  readonly options: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export async function startMeasuredServer(options: StartOptions = {}): Promise<MeasuredServer> {
  const child = fork(fileURLToPath(PROGRAM), {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let questions = 0;

  child.on("message", ({ id, value, error }: Answer) => {
    const asked = open.get(id);
    open.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new Error(`the measured server says: ${error}`));
  });
  void exited.then(() => {
    for (const { reject } of open.values()) reject(new Error("the measured server is gone"));
    open.clear();
  });

  function ask<Name extends keyof MeasuredServerAbilities>(
    name: Name,
    input?: Parameters<MeasuredServerAbilities[Name]>[0],
  ): ReturnType<MeasuredServerAbilities[Name]> {
    const answer = new Promise((resolve, reject) => {
      const id = questions++;
      open.set(id, { resolve, reject });
      const question: Question = { id, ask: name, options: input };
      if (!child.connected) reject(new Error("the measured server is gone"));
      else child.send(question);
    });
    return answer as ReturnType<MeasuredServerAbilities[Name]>;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal);
    await exited;
  }

  const ports = await ask("start", options);
  return {
    pid: child.pid as number,
    ports,
    send: (order) => ask("send", order),
    usage: (which) => ask("usage", which),
    heard: (from) => ask("heard", from),
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}
