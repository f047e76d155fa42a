/** The streams of a memory broker: who may append to which log, until when, and how much. */
import { type Id, type Payload, payloadBytes } from "../protocol/index.ts";
import type { Draft } from "./broker.ts";
import { ENTRY_OVERHEAD_BYTES, type Log, type LogBounds } from "./log.ts";
import type { Clock, Metrics, Undo } from "./ports.ts";
import { endingDraft, PRODUCER_LOST, pieceDraft } from "./stream-drafts.ts";
import { streamOpen, streamOver, streamTooLarge } from "./stream-errors.ts";
import type { StreamFailure, StreamHold } from "./streams.ts";

/** A log that is a stream's, and how far the stream is. */
export interface StreamRecord {
  readonly name: string;
  readonly log: Log;
  stream: StreamState | undefined;
}

/** `undefined` before the first opening. */
export type StreamState = OpenStream | { readonly state: "over"; readonly since: number };

interface OpenStream {
  readonly state: "open";
  readonly token: string;
  /** `clock.now()` at which the lease is over. */
  until: number;
  /** Of all pieces. */
  bytes: number;
  stopTimer: Undo;
}

/** How far a stream is, without what only a running process has. */
export type KeptStream =
  | { readonly state: "open"; readonly until: number; readonly bytes: number }
  | { readonly state: "over"; readonly since: number };

/** What the streams need of their broker. */
export interface StreamStore<R extends StreamRecord> {
  readonly clock: Clock;
  readonly metrics: Metrics | undefined;
  /** `limits.streamBytes` */
  readonly mostBytes: number;
  /** `retention.ageMs` */
  readonly keptMs: number;
  find(log: string): R | undefined;
  /** @throws EitherwayError `too-many-channels` */
  findOrCreate(log: string): R;
  /** Gives the record a log of another epoch. */
  beginAnew(record: R): void;
  /** How far the stream is has changed otherwise than by an append. */
  changed(record: R): void;
  /** Appends and announces, whether or not there is room. */
  append(record: R, draft: Draft): Id;
  /** @throws EitherwayError `storage-full` where so many more bytes have no room */
  checkRoom(record: R, bytes: number): void;
  /** Keeps room for so many bytes (+), or gives it back (-). */
  reserve(bytes: number): void;
  /** Lets go all entries. */
  clear(record: R): void;
}

/** `Streams`, at once: everything takes effect before it returns. */
export interface MemoryStreams<R extends StreamRecord> {
  open(log: string, leaseMs: number): StreamHold;
  append(hold: StreamHold, piece: Payload): Id;
  renew(hold: StreamHold, leaseMs: number): void;
  finish(hold: StreamHold, failure?: StreamFailure): Id;
  /** Does what is due: ends a stream whose lease is over, lets go one that has been over for long enough. */
  tend(record: R): void;
  /** Whether `tend` would do anything. */
  isDue(record: R, now: number): boolean;
  /** Takes over how far a stream was. */
  restore(record: R, kept: KeptStream): void;
}

/** Room that an open stream has for its end, so that a full store cannot keep a reader waiting: its entry and a sentence. */
export const ENDING_BYTES = ENTRY_OVERHEAD_BYTES + 2_048; // a sentence of 500 characters, each 4 bytes at most

/** Of the logs of streams, which go as a whole: half an answer is none. */
export const STREAM_BOUNDS: LogBounds = {
  messages: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
  ageMs: Number.POSITIVE_INFINITY,
  latestKeys: 1,
  pieces: true,
};

export function createMemoryStreams<R extends StreamRecord>(store: StreamStore<R>): MemoryStreams<R> {
  const { clock, metrics, mostBytes, keptMs } = store;

  function open(log: string, leaseMs: number): StreamHold {
    const record = store.findOrCreate(log);
    if (record.stream?.state === "open") throw streamOpen(log);
    store.checkRoom(record, ENDING_BYTES);
    if (record.log.head.seq > 0) store.beginAnew(record);
    store.reserve(ENDING_BYTES);
    const token = record.log.epoch; // opened once in each epoch
    const stream: OpenStream = { state: "open", token, until: clock.now() + leaseMs, bytes: 0, stopTimer() {} };
    record.stream = stream;
    watchLease(record, stream);
    store.changed(record);
    metrics?.count("streams.opened");
    return { log, token };
  }

  function append(hold: StreamHold, piece: Payload): Id {
    const { record, stream } = held(hold);
    const bytes = payloadBytes(piece);
    if (stream.bytes + bytes > mostBytes) throw streamTooLarge(hold.log, stream.bytes + bytes, mostBytes);
    store.checkRoom(record, bytes + ENTRY_OVERHEAD_BYTES);
    stream.bytes += bytes;
    return store.append(record, pieceDraft(piece));
  }

  function renew(hold: StreamHold, leaseMs: number): void {
    const { record, stream } = held(hold);
    stream.until = clock.now() + leaseMs;
    store.changed(record);
  }

  function finish(hold: StreamHold, failure?: StreamFailure): Id {
    return end(held(hold).record, failure);
  }

  /** @throws EitherwayError `stream-over` */
  function held({ log, token }: StreamHold): { readonly record: R; readonly stream: OpenStream } {
    const record = store.find(log);
    const stream = record?.stream;
    if (!record || stream?.state !== "open" || stream.token !== token) throw streamOver(log);
    return { record, stream };
  }

  function end(record: R, failure: StreamFailure | undefined): Id {
    const { stream } = record;
    if (stream?.state === "open") stream.stopTimer();
    record.stream = { state: "over", since: clock.now() };
    store.reserve(-ENDING_BYTES);
    metrics?.count(failure ? "streams.failed" : "streams.ended");
    return store.append(record, endingDraft(failure));
  }

  /** Looks again when the lease, as it is by then, would be over: renewing costs no timer. */
  function watchLease(record: R, stream: OpenStream): void {
    stream.stopTimer = clock.after(stream.until - clock.now(), () => {
      if (stream.until > clock.now()) watchLease(record, stream);
      else tend(record);
    });
  }

  function tend(record: R): void {
    if (!record.stream || !isDue(record, clock.now())) return; // nearly every record
    if (record.stream.state === "open") {
      metrics?.count("streams.lost");
      end(record, PRODUCER_LOST);
    } else store.clear(record);
  }

  function isDue({ stream, log }: R, now: number): boolean {
    if (!stream) return false;
    if (stream.state === "open") return stream.until <= now;
    return log.bytes > 0 && stream.since + keptMs <= now;
  }

  function restore(record: R, kept: KeptStream): void {
    if (kept.state === "over") {
      record.stream = kept;
      return;
    }
    const stream: OpenStream = { ...kept, token: record.log.epoch, stopTimer() {} };
    record.stream = stream;
    watchLease(record, stream);
  }

  return { open, append, renew, finish, tend, isDue, restore };
}
