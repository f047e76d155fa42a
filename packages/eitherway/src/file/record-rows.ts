/** How a channel's record lies on disk. */
import type { ChannelRecord } from "../core/log-store.ts";
import type { KeptStream } from "../core/memory-streams.ts";
import type { FileLog } from "./file-log.ts";
import type { RecordRow } from "./tables.ts";

export function recordRow({ log, touchedAt, stream }: ChannelRecord): RecordRow {
  return { log: (log as FileLog).row(), touchedAt, stream: stream ? keptStream(stream) : null };
}

function keptStream(stream: KeptStream): KeptStream {
  if (stream.state === "over") return { state: "over", since: stream.since };
  return { state: "open", until: stream.until, bytes: stream.bytes };
}

/** @throws RangeError where it is none */
export function checkRecordRow(row: RecordRow): RecordRow {
  const { log, touchedAt } = row ?? {};
  const { id, epoch, head, first, lost, bytes, spared, sparedBytes } = log ?? {};
  const counts = [id, head, first, lost, bytes, spared, sparedBytes];
  if (typeof epoch !== "string" || typeof touchedAt !== "number" || !counts.every(isCount)) {
    throw new RangeError("a channel's record is none");
  }
  return row;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
