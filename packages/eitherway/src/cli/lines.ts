/** Lines of a byte stream, exactly: parted at line feeds only, a carriage return before one left out, nothing replaced. */
import type { Readable } from "node:stream";
import { UsageError } from "./surroundings.ts";

/** Far above any `limits.messageBytes` that makes sense; a stream without line feeds must not fill the memory. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Reads no faster than lines are taken. What follows the last line feed is a line unless it is empty. */
export async function* readLines(input: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of input) {
    let rest = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer);
    for (let at = rest.indexOf(LINE_FEED); at >= 0; at = rest.indexOf(LINE_FEED)) {
      yield lineOf([...parts, rest.subarray(0, at)]);
      parts = [];
      held = 0;
      rest = rest.subarray(at + 1);
    }
    parts.push(rest);
    held += rest.length;
    if (held > MAX_LINE_BYTES) {
      throw new UsageError(`A line of standard input is over ${MAX_LINE_BYTES} bytes; no server takes that.`);
    }
  }
  if (held > 0) yield lineOf(parts);
}

function lineOf(parts: readonly Buffer[]): Uint8Array {
  const line = Buffer.concat(parts);
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
