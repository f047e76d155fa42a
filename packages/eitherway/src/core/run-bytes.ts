/** Runs on their way to links: cut to where a reader stands, and encoded once per framing. */
import { type Framing, type Message, payloadBytes, type Run } from "../protocol/index.ts";
import type { Batch, Volatile } from "./broker.ts";
import { owned } from "./log.ts";

/** What an entry costs beside its payload while it waits to be flushed: the object, its strings, its place in the run. */
export const MESSAGE_OVERHEAD_BYTES = 64;

/** What watchers hear of announcements. */
export function volatileBatch(announced: readonly Volatile[], at: number): Batch {
  let bytes = 0;
  const messages = announced.map(({ event, from, payload }): Message => {
    bytes += payloadBytes(payload);
    return { seq: 0, at, event, from, payload: owned(payload), skipped: 0 };
  });
  return { epoch: undefined, messages, bytes };
}

/** What a message counts for in `limits.unflushedBytes` and in the size of a run. */
export function messageBytes({ payload }: Pick<Message, "payload">): number {
  return payloadBytes(payload) + MESSAGE_OVERHEAD_BYTES;
}

/** What messages count for together. */
export function totalBytes(messages: readonly Message[]): number {
  let bytes = 0;
  for (const message of messages) bytes += messageBytes(message);
  return bytes;
}

/** Payload bytes of one run. Larger ones would not leave in one go: it is the size of a link's buffer. */
export const RUN_BYTES = 64 * 1024;

/** What leaves next of messages that wait, and what waits on. */
export interface RunPart {
  readonly run: readonly Message[];
  readonly bytes: number;
  readonly rest: Message[];
}

/** Cuts off what fits into one run, at least one message. @param bytes what all of them count for */
export function runPart(messages: readonly Message[], bytes: number): RunPart {
  if (bytes <= RUN_BYTES) return { run: messages, bytes, rest: [] };
  let count = 0;
  let size = 0;
  for (const message of messages) {
    const more = messageBytes(message);
    if (count > 0 && size + more > RUN_BYTES) break;
    count++;
    size += more;
  }
  return { run: messages.slice(0, count), bytes: size, rest: messages.slice(count) };
}

/** The seq just before a run: a reader that stands there is continued by it. */
export function seqBefore(messages: readonly Message[]): number {
  const first = messages[0] as Message;
  return first.seq - first.skipped - 1;
}

/** The seq of the last message. */
export function lastSeq(messages: readonly Message[]): number {
  return (messages[messages.length - 1] as Message).seq;
}

/** The messages after `seq`; where `seq` lies among skipped ids, fewer of them are left to declare. */
export function messagesAfter(messages: readonly Message[], seq: number): readonly Message[] {
  const from = messages.findIndex((message) => message.seq > seq);
  if (from < 0) return [];
  const first = messages[from] as Message;
  const skipped = first.seq - Math.max(seq, first.seq - first.skipped - 1) - 1;
  if (skipped === first.skipped) return from === 0 ? messages : messages.slice(from);
  return [{ ...first, skipped }, ...messages.slice(from + 1)];
}

/** A run and its bytes per framing: links that share a framing object get the same bytes. */
export class SharedRun {
  readonly run: Run;
  #framing: Framing | undefined;
  #bytes: Uint8Array | undefined;
  /** For the other framings. Nearly always there is one or two: a search through a chain beats hashing objects. */
  #next: SharedRun | undefined;

  constructor(run: Run) {
    this.run = run;
  }

  bytesFor(framing: Framing): Uint8Array {
    if (this.#bytes === undefined) {
      this.#bytes = framing.run(this.run);
      this.#framing = framing;
    }
    if (this.#framing === framing) return this.#bytes;
    this.#next ??= new SharedRun(this.run);
    return this.#next.bytesFor(framing);
  }
}
