/**
 * What one stream has brought so far, shared by all who read it with one client.
 *
 * It is read from its start, always: whoever comes to a subscription that is further on has it begin anew, and what is known
 * already is cut off. The same where a joined piece reaches back before the place at hand, as it may when links overlap (C7): ids
 * alone cannot say how much of it is known.
 */
import { EitherwayError, formatId, parseId, quote } from "../protocol/index.ts";
import type { Restartable } from "./channels.ts";
import type { CoreClient, Gap, MessageMeta } from "./client-api.ts";
import { createEmitter } from "./emitter.ts";
import type { Undo } from "./ports.ts";

/** Text of a text stream, bytes of one of bytes. */
export type StreamChunk = string | Uint8Array;

/** `waiting`: nothing has come yet, perhaps because nobody produces it yet. */
export type StreamState = "waiting" | "open" | "ended" | "failed";

/** A stream at one moment. Never changed: there is another one after each change. */
export interface StreamSnapshot<Chunk = StreamChunk> {
  readonly state: StreamState;
  readonly chunks: readonly Chunk[];
  /** All chunks of a text stream. */
  readonly text: string;
  /** Why it `failed`. */
  readonly error: EitherwayError | undefined;
  /** How often the stream began anew while it was read: what had come before that is void. */
  readonly restarts: number;
}

export interface StreamContent {
  /** The same object until something changes. */
  readonly snapshot: StreamSnapshot;
  /** Calls back after changes, at most once a turn. The first one starts the subscription, the undo of the last ends it. */
  watch(changed: () => void): Undo;
}

export const NOTHING: StreamSnapshot = { state: "waiting", chunks: [], text: "", error: undefined, restarts: 0 };

export function createStreamContent(client: CoreClient, log: string, over: () => void): StreamContent {
  const handle = client.channel(log, { from: "start" }) as ReturnType<CoreClient["channel"]> & Restartable;
  const watchers = createEmitter<[]>(rethrow);
  let undos: readonly Undo[] = [];
  let { state, error, restarts, text } = NOTHING;
  let chunks: StreamChunk[] = [];
  /** Length of all chunks, and of what has come since the log was last read from its start. */
  let known = 0;
  let replayed = 0;
  let epoch: string | undefined;
  /** Of the newest message. */
  let seq = 0;
  let snapshot: StreamSnapshot | undefined;
  let telling = false;

  // --- what the log brings ---

  function takeMessage(data: unknown, meta: MessageMeta): void {
    const place = parseId(meta.id);
    if (!place) return;
    adopt(place.epoch);
    const first = place.seq - meta.skipped;
    if (first === 1) replayed = 0;
    else if (first !== seq + 1) {
      readAnew();
      return;
    }
    seq = place.seq;
    if (meta.event === "piece") takePiece(data as StreamChunk);
    else if (meta.event === "end") settle("ended");
    else if (meta.event === "failed") settle("failed", failureOf(log, data));
  }

  function takePiece(piece: StreamChunk): void {
    const before = known - replayed;
    replayed += piece.length;
    if (replayed <= known) return;
    known = replayed;
    const chunk = before === 0 ? piece : piece.slice(before);
    chunks.push(chunk);
    if (typeof chunk === "string") text += chunk;
    if (state === "waiting") state = "open";
    changed();
  }

  function takeGap({ why, head }: Gap): void {
    // Nothing of a stream is trimmed but all of it.
    if (why === "trimmed") {
      settle("failed", gone(log));
      return;
    }
    if (why === "unknown") forget();
    adopt(parseId(head)?.epoch);
    readAnew();
  }

  function takeLive(id: string): void {
    const head = parseId(id);
    adopt(head?.epoch);
    if (head && head.seq > seq && seq === 0) settle("failed", gone(log));
  }

  /** Another life of the log is another stream. */
  function adopt(next: string | undefined): void {
    if (epoch !== undefined && epoch !== next) forget();
    epoch = next;
  }

  function forget(): void {
    if (seq > 0) restarts++;
    ({ state, error, text } = NOTHING);
    chunks = [];
    known = 0;
    readFrom(0);
    changed();
  }

  function readAnew(): void {
    readFrom(0);
    handle.restart(epoch === undefined ? "start" : formatId(epoch, 0));
  }

  function readFrom(place: number): void {
    seq = place;
    replayed = 0;
  }

  function settle(end: "ended" | "failed", why?: EitherwayError): void {
    if (state === "ended" || state === "failed") return;
    state = end;
    error = why;
    changed();
  }

  // --- who watches ---

  function begin(): void {
    const place = parseId(handle.cursor);
    const isElsewhere = handle.cursor !== "start";
    undos = [
      handle.on("gap", takeGap),
      handle.on("live", takeLive),
      handle.on("error", (refusal) => {
        if (!refusal.retry) settle("failed", refusal);
      }),
      client.on("status", checkClosed),
      handle.on("message", takeMessage),
    ];
    if (isElsewhere) {
      epoch = place?.epoch;
      readAnew();
    }
    checkClosed();
  }

  function checkClosed(): void {
    if (client.status.state !== "closed") return;
    settle(
      "failed",
      new EitherwayError("closed", `The client was closed before the end of the stream ${nameOf(log)}.`),
    );
  }

  function changed(): void {
    snapshot = undefined;
    if (telling) return;
    telling = true;
    queueMicrotask(() => {
      telling = false;
      watchers.emit();
    });
  }

  return {
    get snapshot() {
      snapshot ??= Object.freeze({ state, chunks: chunks.slice(), text, error, restarts });
      return snapshot;
    },
    watch(listener) {
      const remove = watchers.add(listener);
      if (watchers.size === 1) begin();
      let left = false;
      return () => {
        if (left) return;
        left = true;
        remove();
        if (watchers.size > 0) return;
        for (const undo of undos) undo();
        over();
      };
    },
  };
}

interface Failure {
  readonly code?: unknown;
  readonly message?: unknown;
}

function failureOf(log: string, data: unknown): EitherwayError {
  const { code, message } = (data ?? {}) as Failure;
  return new EitherwayError("stream-failed", String(message ?? `The stream ${nameOf(log)} failed.`), {
    details: { code },
  });
}

function gone(log: string): EitherwayError {
  return new EitherwayError(
    "stream-over",
    `The stream ${nameOf(log)} is over and not kept any more; ask for it again.`,
  );
}

/** `job/7/answer`, quoted. */
export function nameOf(log: string): string {
  return quote(log.slice("@stream/".length));
}

/** As EventTarget does with what a listener throws. */
function rethrow(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
