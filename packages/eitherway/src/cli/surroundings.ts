/** What a command sees of the process that it runs in, so that tests can be another one. */
import type { Readable, Writable } from "node:stream";
import { isEitherwayError } from "../protocol/index.ts";

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  /** Data only. */
  readonly stdout: Writable;
  /** For people: what happens, and what is wrong. */
  readonly stderr: Writable;
  /** Aborted by the first Ctrl-C or SIGTERM: come to a proper end. */
  readonly signal: AbortSignal;
}

/** What the shell is told. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The command line itself is wrong: told in one sentence, exit code 2. */
export class UsageError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "UsageError";
  }
}

/** Runs what checks its arguments: what it refuses is a wrong command line. */
export function asUsage<T>(create: () => T): T {
  try {
    return create();
  } catch (thrown) {
    if (isEitherwayError(thrown)) throw new UsageError(thrown.message, { cause: thrown });
    throw thrown;
  }
}
