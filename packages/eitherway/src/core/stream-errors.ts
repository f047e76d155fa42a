/** What a store says of a stream that is not as a producer thinks. */
import { EitherwayError, quote } from "../protocol/index.ts";

function streamName(log: string): string {
  return quote(log.replace(/^@stream\//, ""));
}

export function streamOpen(log: string): EitherwayError {
  return new EitherwayError(
    "stream-open",
    `The stream ${streamName(log)} has a producer already; end it first, or wait for the end of its lease.`,
  );
}

export function streamOver(log: string): EitherwayError {
  return new EitherwayError(
    "stream-over",
    `The stream ${streamName(log)} is over, or its lease was lost; open it anew to begin again.`,
  );
}

export function streamTooLarge(log: string, bytes: number, limit: number): EitherwayError {
  return new EitherwayError(
    "too-large",
    `The stream ${streamName(log)} would have ${bytes} bytes, the limit is ${limit}; raise limits.streamBytes, or end it and go on in another.`,
  );
}
