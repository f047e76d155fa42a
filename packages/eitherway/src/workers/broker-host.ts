/** The primary's side: its broker answers workers, and what it tells of a channel goes to every worker that watches it, encoded once. */
import type { Duplex } from "node:stream";
import type { Batch, Broker, Clock, Logger, Metrics, Undo } from "../core/index.ts";
import { ByteReader } from "../protocol/byte-reader.ts";
import { type Message, payloadBytes, toEitherwayError } from "../protocol/index.ts";
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
  STATUS,
  type Status,
  status,
} from "./broker-calls.ts";
import { encode } from "./codec.ts";
import { type Connection, connect } from "./connection.ts";

export interface BrokerHostOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface BrokerHost {
  /** A worker, until its pipe is closed: with it its watches go; what it claimed and holds lapses by itself. */
  add(stream: Duplex): void;
  /** Workers that are there. */
  readonly size: number;
  /** Ends all pipes. The broker stays open. */
  close(): void;
}

/** Questions of one worker that are answered at once; further ones wait in its pipe, and in the worker. At most so many pages are held here (P6). */
const MOST_ASKED = 256;
/** A worker that does not take its answers is asked nothing more. */
const FULL_BYTES = 1024 * 1024;
/** Beyond that a worker that does not read is told nothing of what is appended: it reads that from the log (P6, P7). */
const MOST_WAITING_BYTES = 8 * 1024 * 1024;
/** How long sizes may be of before; a worker that asks something knows them with the answer. */
const STATUS_MS = 1_000;
/** Until the log of what a worker missed is read again, where that failed. */
const AGAIN_MS = 1_000;
const NEWEST = { messages: 1, bytes: 1 };

/** One worker. */
interface Peer {
  readonly connection: Connection;
  readonly channels: Set<string>;
  /** Channels of which it was not told something. */
  readonly missed: Set<string>;
  asked: number;
  told: Status | undefined;
}

interface SharedWatch {
  readonly peers: Set<Peer>;
  readonly live: Promise<Undo>;
}

export function createBrokerHost({ broker, clock, metrics, logger }: BrokerHostOptions): BrokerHost {
  const peers = new Set<Peer>();
  const watches = new Map<string, SharedWatch>();
  let statusTimer: Undo | undefined;

  // --- workers ---

  function add(stream: Duplex): void {
    const connection = connect({
      stream,
      frame: (bytes) => void receive(peer, bytes),
      drained() {
        pace(peer);
        void tellMissed(peer);
      },
      closed() {
        peers.delete(peer);
        for (const channel of peer.channels) unwatch(peer, channel);
        if (peers.size === 0) statusTimer?.();
      },
    });
    const peer: Peer = { connection, channels: new Set(), missed: new Set(), asked: 0, told: undefined };
    peers.add(peer);
    if (peers.size === 1) tellSizes();
    else tellSizesTo(peer);
  }

  function tellSizes(): void {
    for (const peer of peers) tellSizesTo(peer);
    statusTimer = clock.after(STATUS_MS, tellSizes);
  }

  function tellSizesTo(peer: Peer): void {
    const { channels, logBytes, keys } = broker.sizes();
    const now: Status = { channels, logBytes, keys, keyWindowMs: broker.keyWindow() };
    const { told } = peer;
    if (told && Object.entries(now).every(([name, value]) => told[name as keyof Status] === value)) return;
    peer.told = now;
    peer.connection.send(encode(status, now, STATUS));
  }

  // --- questions ---

  async function receive(peer: Peer, frame: Uint8Array): Promise<void> {
    const from = new ByteReader(frame);
    const name = CALL_NAMES[from.number()] as CallName;
    const number = from.number();
    peer.asked++;
    pace(peer);
    const answer = await answerTo(peer, name, number, from);
    peer.asked--;
    tellSizesTo(peer); // before the answer: who has it sees what it did
    peer.connection.send(answer);
    pace(peer);
  }

  async function answerTo<Name extends CallName>(
    peer: Peer,
    name: Name,
    number: number,
    from: ByteReader,
  ): Promise<Uint8Array> {
    const { args, result } = codecsOf(name);
    try {
      const value = await answers[name](peer, ...args.read(from));
      return encode(result, value, ANSWER, number);
    } catch (thrown) {
      const refusal = toEitherwayError(thrown);
      if (refusal.code === "internal")
        logger.error("broker failed", { call: name, cause: String(refusal.cause ?? refusal) });
      return encode(error, refusal, REFUSAL, number);
    }
  }

  /** A worker is read while it takes its answers and they are not too many. */
  function pace({ connection, asked }: Peer): void {
    connection.setReading(asked < MOST_ASKED && connection.waitingBytes < FULL_BYTES);
  }

  const answers: Answers = {
    publish: (_, channel, drafts) => broker.publish(channel, drafts),
    announce: (_, channel, messages) => broker.announce(channel, messages),
    read: (_, channel, after, limit) => broker.read(channel, after, limit),
    readBefore: (_, channel, before, limit) => broker.readBefore(channel, before, limit),
    watch,
    unwatch,
    claim: (_, scope, key, request) => broker.claim(scope, key, request),
    settle: (_, scope, key, settlement) => broker.settle(scope, key, settlement),
    async reread(peer) {
      await broker.reread?.();
      await tellMissed(peer);
    },
    openStream: (_, log, leaseMs) => having(broker.streams).open(log, leaseMs),
    appendStream: (_, hold, piece) => having(broker.streams).append(hold, piece),
    renewStream: (_, hold, leaseMs) => having(broker.streams).renew(hold, leaseMs),
    finishStream: (_, hold, failure) => having(broker.streams).finish(hold, failure),
    touch: (_, channel, entry, leaseMs) => having(broker.presence).touch(channel, entry, leaseMs),
    leave: (_, channel, claim) => having(broker.presence).leave(channel, claim),
    list: (_, channel) => having(broker.presence).list(channel),
    renew: (_, holders, leaseMs) => having(broker.presence).renew(holders, leaseMs),
  };

  // --- channels ---

  async function watch(peer: Peer, channel: string): Promise<void> {
    const shared = watches.get(channel) ?? begin(channel);
    shared.peers.add(peer);
    peer.channels.add(channel);
    try {
      await shared.live;
    } catch (thrown) {
      unwatch(peer, channel);
      throw thrown;
    }
  }

  function begin(channel: string): SharedWatch {
    const listeners = new Set<Peer>();
    const shared = { peers: listeners, live: broker.watch(channel, (heard) => tell(channel, listeners, heard)) };
    watches.set(channel, shared);
    return shared;
  }

  function unwatch(peer: Peer, channel: string): void {
    const shared = watches.get(channel);
    peer.channels.delete(channel);
    peer.missed.delete(channel);
    if (!shared?.peers.delete(peer) || shared.peers.size > 0) return;
    watches.delete(channel);
    shared.live.then((undo) => undo(), ignore);
  }

  function tell(channel: string, listeners: ReadonlySet<Peer>, heard: Batch): void {
    const frame = encode(batch, { channel, ...heard }, BATCH);
    for (const peer of listeners) {
      if (peer.connection.waitingBytes < MOST_WAITING_BYTES) peer.connection.send(frame);
      else miss(peer, channel, heard);
    }
  }

  function miss(peer: Peer, channel: string, { epoch, messages }: Batch): void {
    metrics.count(epoch === undefined ? "volatile.dropped" : "workers.untold", messages.length);
    if (epoch !== undefined) peer.missed.add(channel);
  }

  /** The newest message of each log of which it missed something: the hole before makes its readers read (P2). */
  async function tellMissed(peer: Peer): Promise<void> {
    for (const channel of peer.missed) {
      peer.missed.delete(channel);
      try {
        const kept = await broker.readBefore(channel, undefined, NEWEST);
        if (kept) tell(channel, new Set([peer]), { ...kept, bytes: payloadBytesOf(kept.messages) });
      } catch {
        if (!peers.has(peer)) return;
        peer.missed.add(channel);
        clock.after(AGAIN_MS, () => void tellMissed(peer));
        return;
      }
    }
  }

  return {
    add,
    get size() {
      return peers.size;
    },
    close() {
      for (const { connection } of peers) connection.end();
    },
  };
}

type Answers = {
  readonly [Name in CallName]: (peer: Peer, ...args: ArgsOf<Name>) => ResultOf<Name> | Promise<ResultOf<Name>>;
};

/** A worker knows from its start what the broker can do. */
function having<T>(ability: T | undefined): T {
  if (ability === undefined) throw new Error("the primary's broker does not have this ability");
  return ability;
}

function payloadBytesOf(messages: readonly Message[]): number {
  return messages.reduce((sum, { payload }) => sum + payloadBytes(payload), 0);
}

function ignore(): void {}
