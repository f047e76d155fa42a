/** How far it is, on standard error: one line that is renewed in a terminal, now and then a line elsewhere. */
import type { Writable } from "node:stream";

export interface Progress {
  tell(what: string): void;
  /** Clears the line. */
  end(): void;
}

const EVERY_MS = { terminal: 200, elsewhere: 10_000 };
const CLEAR_LINE = "\r\u001b[K";

export function createProgress(stderr: Writable): Progress {
  const isTerminal = "isTTY" in stderr && stderr.isTTY === true;
  const everyMs = isTerminal ? EVERY_MS.terminal : EVERY_MS.elsewhere;
  let told = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  return {
    tell(what) {
      const now = performance.now();
      if (now - told < everyMs) return;
      told = now;
      isOpen = isTerminal;
      stderr.write(isTerminal ? `${CLEAR_LINE}${what} ...` : `${what} ...\n`);
    },
    end() {
      if (isOpen) stderr.write(CLEAR_LINE);
      isOpen = false;
    },
  };
}
