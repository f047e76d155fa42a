/** The broker of a worker: asks the primary's over a pipe. Calls leave in the order in which they were made, all of a turn at once. */
import type { Duplex } from "node:stream";
import {
  addWatcher,
  type Batch,
  type Broker,
  type BrokerParts,
  type BrokerSizes,
  createSpread,
  type Draft,
  dismissWatchers,
  type Receipt,
  type Undo,
  type Watched,
} from "../core/index.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { EitherwayError, toEitherwayError } from "../protocol/index.ts";
import {
  ANSWER,
  type ArgsOf,
  BATCH,
  batch,
  CALL_NAMES,
  type CallName,
  codecsOf,
  error,
  REFUSAL,
  type ResultOf,
  status,
} from "./broker-calls.ts";
import { encode } from "./codec.ts";
import { connect } from "./connection.ts";

export interface WorkerBrokerOptions extends Pick<BrokerParts, "metrics" | "logger" | "keyWindowMs"> {
  readonly stream: Duplex;
  /** What the primary's broker can do. */
  readonly abilities: Abilities;
  /** The primary is gone. */
  readonly lost: () => void;
}

export interface Abilities {
  readonly streams: boolean;
  readonly presence: boolean;
}

/** A question without its answer. */
interface Asked {
  readonly name: CallName;
  resolve(result: unknown): void;
  reject(error: EitherwayError): void;
}

/** A channel that somebody in this process watches: the primary is asked once for all of them. */
interface WatchedChannel extends Watched {
  readonly live: Promise<void>;
}

export function createWorkerBroker(options: WorkerBrokerOptions): Broker {
  const { stream, abilities, metrics, logger, keyWindowMs, lost } = options;
  const spread = createSpread({ metrics, logger });
  const watched = new Map<string, WatchedChannel>();
  const asked = new Map<number, Asked>();
  let lastNumber = 0;
  let sizes: BrokerSizes = { channels: 0, logBytes: 0, keys: 0 };
  let keyWindow = keyWindowMs;
  let closed = false;
  let closing: Promise<void> | undefined;
  const connection = connect({ stream, frame: receive, closed: end });

  // --- questions ---

  function ask<Name extends CallName>(name: Name, ...args: ArgsOf<Name>): Promise<ResultOf<Name>> {
    if (closed) return Promise.reject(away());
    return new Promise((resolve, reject) => {
      const number = ++lastNumber;
      connection.send(encode(codecsOf(name).args, args, CALL_NAMES.indexOf(name), number));
      asked.set(number, { name, resolve: resolve as (result: unknown) => void, reject });
    });
  }

  function receive(frame: Uint8Array): void {
    const from = new ByteReader(frame);
    const kind = from.number();
    if (kind === BATCH) hear(batch.read(from));
    else if (kind === ANSWER || kind === REFUSAL) answer(kind, from);
    else ({ keyWindowMs: keyWindow, ...sizes } = status.read(from));
  }

  function answer(kind: typeof ANSWER | typeof REFUSAL, from: ByteReader): void {
    const number = from.number();
    const question = asked.get(number);
    if (!question) return;
    asked.delete(number);
    if (kind === REFUSAL) question.reject(error.read(from));
    else question.resolve(codecsOf(question.name).result.read(from));
  }

  function end(): void {
    const isLost = !closed;
    closed = true;
    for (const { reject } of asked.values()) reject(away());
    asked.clear();
    dismissWatchers(watched.values());
    watched.clear();
    if (isLost) lost();
  }

  // --- channels ---

  function hear({ channel, ...heard }: Batch & { readonly channel: string }): void {
    const log = watched.get(channel);
    if (log) spread(log, heard);
  }

  async function watch(channel: string, sink: (batch: Batch) => void): Promise<Undo> {
    const log = watched.get(channel) ?? begin(channel);
    const undo = addWatcher(log, sink, () => {
      if (log.watchers.length > 0 || watched.get(channel) !== log) return;
      watched.delete(channel);
      ask("unwatch", channel).catch(ignore); // with the primary its watches are gone as well
    });
    try {
      await log.live;
    } catch (thrown) {
      undo();
      throw thrown;
    }
    return undo;
  }

  function begin(channel: string): WatchedChannel {
    const log: WatchedChannel = { name: channel, watchers: [], live: ask("watch", channel) };
    watched.set(channel, log);
    return log;
  }

  /** What was under way when the primary was lost may be in its log: with its key it can be sent again, without one nobody knows (P5). */
  async function publish(channel: string, drafts: readonly Draft[]): Promise<readonly Receipt[]> {
    const isSent = !closed;
    try {
      return await ask("publish", channel, drafts);
    } catch (thrown) {
      const isUnknown = isSent && closed && drafts.some(({ key }) => !key);
      const refused: Receipt = { ok: false, error: isUnknown ? unknown() : toEitherwayError(thrown) };
      return drafts.map(() => refused);
    }
  }

  async function close(): Promise<void> {
    closed = true;
    if (stream.closed) return;
    const gone = new Promise<void>((resolve) => stream.once("close", resolve));
    connection.end();
    await gone;
  }

  return {
    publish,
    announce: (channel, messages) => ask("announce", channel, messages),
    read: (channel, after, limit) => ask("read", channel, after, limit),
    readBefore: (channel, before, limit) => ask("readBefore", channel, before, limit),
    watch,
    claim: (scope, key, request) => ask("claim", scope, key, request),
    settle: (scope, key, settlement) => ask("settle", scope, key, settlement),
    reread: () => ask("reread"),
    streams: abilities.streams
      ? {
          open: (log, leaseMs) => ask("openStream", log, leaseMs),
          append: (hold, piece) => ask("appendStream", hold, piece),
          renew: (hold, leaseMs) => ask("renewStream", hold, leaseMs),
          finish: (hold, failure) => ask("finishStream", hold, failure),
        }
      : undefined,
    ...(abilities.presence && {
      presence: {
        touch: (channel, entry, leaseMs) => ask("touch", channel, entry, leaseMs),
        leave: (channel, claim) => ask("leave", channel, claim),
        list: (channel) => ask("list", channel),
        renew: (holders, leaseMs) => ask("renew", holders, leaseMs),
      },
    }),
    keyWindow: () => keyWindow,
    sizes: () => sizes,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function away(): EitherwayError {
  return new EitherwayError("unavailable", "The primary process is gone; come back in a moment.");
}

function unknown(): EitherwayError {
  return new EitherwayError(
    "outcome-unknown",
    "The primary process is gone: whether this was appended cannot be known. With a key it could be sent again.",
  );
}

function ignore(): void {}
