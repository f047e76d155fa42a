/** Streams in Redis: "open, and mine" is asked in the script that appends, and a lease that is over is ended by whoever lives. */
import { randomUUID } from "node:crypto";
import {
  type BrokerParts,
  endingDraft,
  PRODUCER_LOST,
  pieceDraft,
  type StreamFailure,
  type StreamHold,
  type Streams,
  streamOpen,
  streamOver,
  streamTooLarge,
} from "../core/index.ts";
import {
  EitherwayError,
  type Epoch,
  formatId,
  type Id,
  type Payload,
  payloadBytes,
  toEitherwayError,
} from "../protocol/index.ts";
import type { Argument, RedisConnection } from "./connection.ts";
import type { Due } from "./due.ts";
import type { LogArguments } from "./log-arguments.ts";
import { encodeMessage } from "./message-codec.ts";
import { loadScript, type Script } from "./scripts.ts";

interface RedisStreamsOptions extends Pick<BrokerParts, "clock" | "limits" | "retention" | "metrics"> {
  readonly connection: RedisConnection;
  readonly logs: LogArguments;
  readonly due: Due;
  readonly replicas: number;
}

const OPEN = loadScript("log", "stream", "stream-open");
const APPEND = loadScript("log", "stream", "stream-append");
const HEAD = loadScript("log", "stream", "stream-head");
const RENEW = loadScript("log", "stream", "stream-renew");
const FINISH = loadScript("log", "stream", "stream-finish");
const TEND = loadScript("log", "stream", "stream-tend");
/** Of one script. */
const MOST_PIECES = 256;

/** What this node knows of a stream that it opened. */
interface Writer {
  readonly hold: StreamHold;
  /** Of all pieces, also those on their way. */
  bytes: number;
  /** Pieces that are appended; `undefined` where an answer was lost. */
  appended: number | undefined;
  waiting: WaitingPiece[];
  /** Ends when nothing waits any more. */
  run: Promise<void> | undefined;
}

interface WaitingPiece {
  readonly blob: Buffer;
  readonly bytes: number;
  resolve(id: Id): void;
  reject(error: EitherwayError): void;
}

interface Place {
  readonly epoch: Epoch;
  readonly head: number;
}

export function createRedisStreams(options: RedisStreamsOptions): Streams {
  const { connection, logs, due, clock, limits, retention, metrics, replicas } = options;
  const writers = new Map<string, Writer>();
  const kept = String(retention.ageMs);
  due.on("stream", tend);

  async function open(log: string, leaseMs: number): Promise<StreamHold> {
    const token = randomUUID();
    for (;;) {
      const promised = await due.promise({ kind: "stream", name: `${token} ${log}` }, leaseMs);
      const args = [token, String(promised), String(leaseMs), ...ending(PRODUCER_LOST), kept];
      const [state, lost] = (await run(OPEN, log, args)) as [Buffer, number];
      if (lost > 0) metrics.count("streams.lost");
      const answer = String(state);
      if (answer === "taken") throw streamOpen(log);
      if (answer === "open") break;
    }
    metrics.count("streams.opened");
    const hold: StreamHold = { log, token };
    writers.set(token, { hold, bytes: 0, appended: 0, waiting: [], run: undefined });
    return hold;
  }

  function append(hold: StreamHold, piece: Payload): Promise<Id> {
    const writer = writers.get(hold.token);
    if (!writer) return Promise.reject(streamOver(hold.log));
    const bytes = payloadBytes(piece);
    const all = writer.bytes + bytes;
    if (all > limits.streamBytes) return Promise.reject(streamTooLarge(hold.log, all, limits.streamBytes));
    writer.bytes = all;
    return new Promise((resolve, reject) => {
      writer.waiting.push({ blob: encodeMessage(pieceDraft(piece)), bytes, resolve, reject });
      writer.run ??= writeLater(writer);
    });
  }

  /** Pieces of one turn, and those that come while some are on their way, go together. */
  async function writeLater(writer: Writer): Promise<void> {
    await new Promise<void>((resolve) => clock.defer(resolve));
    while (writer.waiting.length > 0) await write(writer, writer.waiting.splice(0, MOST_PIECES));
    writer.run = undefined;
  }

  async function write(writer: Writer, pieces: readonly WaitingPiece[]): Promise<void> {
    const { hold } = writer;
    try {
      writer.appended ??= await headOf(hold);
      const first = writer.appended + 1;
      const args = [hold.token, String(first), ...pieces.flatMap(({ blob, bytes }) => [blob, String(bytes)])];
      const { epoch } = placeOf(hold, await run(APPEND, hold.log, args));
      writer.appended += pieces.length;
      for (const [n, { resolve }] of pieces.entries()) resolve(formatId(epoch, first + n));
    } catch (thrown) {
      refuse(writer, pieces, toEitherwayError(thrown));
    }
  }

  function refuse(writer: Writer, pieces: readonly WaitingPiece[], error: EitherwayError): void {
    const isKnown = error.code === "stream-over" || error.code === "storage-full";
    if (!isKnown) writer.appended = undefined;
    for (const { bytes, reject } of pieces) {
      writer.bytes -= bytes;
      reject(isKnown ? error : lostPiece(writer.hold, error));
    }
  }

  async function headOf(hold: StreamHold): Promise<number> {
    return placeOf(hold, await run(HEAD, hold.log, [hold.token])).head;
  }

  function placeOf({ log, token }: StreamHold, reply: unknown): Place {
    if (reply === null) {
      writers.delete(token);
      throw streamOver(log);
    }
    const [epoch, head] = reply as [Buffer, number];
    return { epoch: epoch.toString("latin1"), head };
  }

  async function renew(hold: StreamHold, leaseMs: number): Promise<void> {
    placeOf(hold, await run(RENEW, hold.log, [hold.token, String(leaseMs)]));
  }

  async function finish(hold: StreamHold, failure?: StreamFailure): Promise<Id> {
    await writers.get(hold.token)?.run;
    const args = [hold.token, randomUUID(), ...ending(failure), kept];
    const { epoch, head } = placeOf(hold, await run(FINISH, hold.log, args));
    writers.delete(hold.token);
    metrics.count(failure ? "streams.failed" : "streams.ended");
    return formatId(epoch, head);
  }

  async function tend(name: string): Promise<number | undefined> {
    const space = name.indexOf(" ");
    const [token, log] = [name.slice(0, space), name.slice(space + 1)];
    const [again, lost] = (await run(TEND, log, [token, ...ending(PRODUCER_LOST), kept])) as [number, number];
    if (lost > 0) {
      metrics.count("streams.lost");
      metrics.count("streams.failed");
    }
    return again > 0 ? again : undefined;
  }

  function run(script: Script, log: string, args: readonly Argument[]): Promise<unknown> {
    return connection.run(script, logs.keys(log), [...logs.of(log), ...args], { repeatable: true, replicas });
  }

  return { open, append, renew, finish };
}

/** The last message of a stream, and the bytes of its payload. */
function ending(failure: StreamFailure | undefined): readonly [Buffer, string] {
  const draft = endingDraft(failure);
  return [encodeMessage(draft), String(payloadBytes(draft.payload))];
}

function lostPiece({ log }: StreamHold, cause: unknown): EitherwayError {
  return new EitherwayError(
    "outcome-unknown",
    `Redis did not answer: whether the piece of ${log} was appended cannot be known. Read the stream before going on.`,
    { cause },
  );
}
