/** Where a command writes: data to standard output at the pace of its reader, sentences to standard error. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import type { Surroundings } from "./surroundings.ts";

export interface Output {
  /** Writes a line and waits while the reader is behind. Does nothing once the reader is gone. */
  data(line: string): Promise<void>;
  /** Writes a line for people. */
  say(line: string): void;
  /** Aborted when nobody reads standard output any more (`| head`): a reason to end quietly. */
  readonly unread: AbortSignal;
  /** Whether a person looks at standard output directly. */
  readonly isTerminal: boolean;
  /** Whether a person looks at standard error directly. */
  readonly isRead: boolean;
}

export function createOutput({ stdout, stderr }: Pick<Surroundings, "stdout" | "stderr">): Output {
  const unread = new AbortController();
  stdout.on("error", () => unread.abort()); // EPIPE, mostly; without a listener it would end the process with a stack
  stderr.on("error", ignore);
  return {
    async data(line) {
      if (unread.signal.aborted || stdout.write(`${line}\n`)) return;
      await once(stdout, "drain", { signal: unread.signal }).catch(ignore);
    },
    say(line) {
      stderr.write(`${line}\n`);
    },
    unread: unread.signal,
    isTerminal: isTerminal(stdout),
    isRead: isTerminal(stderr),
  };
}

function isTerminal(stream: Writable): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}

function ignore(): void {}
