/** What `bin/eitherway.js` runs: the command line in the process that it is. */
import process from "node:process";
import { runCli } from "./cli.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** What a shell expects of a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Runs one command line to its end and sets the exit code. The first signal ends politely, the second at once. */
export async function main(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const { env, stdin, stdout, stderr } = process;
  process.exitCode = await runCli(argv, { env, stdin, stdout, stderr, signal: stop.signal });
  for (const signal of SIGNALS) process.off(signal, onSignal);
}
