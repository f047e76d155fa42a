/** What a store says when it is full. */
import { EitherwayError, quote } from "../protocol/index.ts";

export function storageFull(channel: string, bytes: number, limit: number): EitherwayError {
  return new EitherwayError(
    "storage-full",
    `${bytes} bytes for ${quote(channel)} do not fit into the logs' ${limit} bytes; raise limits.logBytes or keep less (retention).`,
  );
}

export function tooManyChannels(channel: string, limit: number): EitherwayError {
  return new EitherwayError(
    "too-many-channels",
    `${quote(channel)} would be one more than ${limit} channels; raise limits.channels or come back when unused ones are gone.`,
  );
}

export function tooManyMembers(log: string, most: number): EitherwayError {
  return new EitherwayError(
    "too-many-members",
    `${quote(log)} has ${most} members, which is the limit; come back when one has left, or raise limits.presenceMembers.`,
  );
}
