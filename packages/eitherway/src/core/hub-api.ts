/** What transports and the server see of the core. The hub calls none of them: they call it. */
import type {
  AnnounceFrame,
  ClientFrame,
  CommandFrame,
  EitherwayError,
  ErrorCode,
  HelloFrame,
  Id,
  Payload,
} from "../protocol/index.ts";
import type { Audit } from "./audit.ts";
import type { Asking, Identity } from "./authority.ts";
import type { Broker, BrokerSizes, CommandKey, Draft, Receipt } from "./broker.ts";
import type { Limits } from "./limits.ts";
import type { Link, LinkTransport } from "./link.ts";
import type { Clock, Logger, Metrics, Random, Undo } from "./ports.ts";
import type { Members } from "./presence.ts";
import type { RevocationOrder } from "./revocations.ts";
import type { Rules } from "./rules.ts";
import type { Seats } from "./seats.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Trouble } from "./trouble.ts";

export type { Identity } from "./authority.ts";
export type { Trouble } from "./trouble.ts";

export interface Hub {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly limits: Limits;
  /** What the application says of its channels. */
  readonly rules: Rules | undefined;
  /** Milliseconds between pings. */
  readonly pingMs: number;
  /** Shared by everything with a deadline. */
  readonly wheel: TimerWheel;
  /** For connections that are no links yet; `open` takes the seat of its link by itself. */
  readonly seats: Seats;

  /**
   * Who somebody is, to be asked before anything is done for him. A promise only where it has to be waited for.
   *
   * Throws, or rejects with, `unauthorized`, `token-expired`, `revoked` or `unavailable`.
   */
  identify(asking: Asking): Identity | Promise<Identity>;

  /**
   * Takes a link after its hello: writes `welcome`, then starts every subscription of the hello.
   *
   * @throws EitherwayError `too-many-links`, `rate-limited` (as `spend` does) or `drain`, before anything is written
   */
  open(link: Link, hello: HelloFrame, who: Identity): Session;

  /**
   * Appends; waits while more than `limits.unflushedBytes` are on their way to subscribers (P6), and for the windows of collapse keys.
   *
   * @param own the server publishes by itself. Default: false
   */
  publish(channel: string, drafts: readonly Draft[], own?: boolean): Promise<readonly Published[]>;

  /** Runs an append of so many bytes once there is room for them, as `publish` does by itself (P6). */
  withRoom<T>(bytes: number, append: () => Promise<T>): Promise<T>;

  /**
   * Tells who listens now, in the order of the frames; what is too much is dropped (`volatile.dropped`). Never rejects: resolves with why
   * some were refused, each counted as `announce.refused.<code>`.
   */
  announce(frames: readonly AnnounceFrame[], who: Identity): Promise<readonly EitherwayError[]>;
  readonly presence: HubPresence;

  /**
   * Takes so many commands, or pages of what is kept, of what the client of a request, or its user, may ask for now. Links are held to
   * that by themselves.
   *
   * @throws EitherwayError `rate-limited`, with `{ after }` in milliseconds as its details; then none is taken
   */
  spend(who: Identity, commands: number): void;

  /** Ordered commands of one link or request. Ends early after a retryable failure: what has no answer was not tried. */
  run(commands: readonly CommandFrame[], who: Identity): Promise<readonly CommandOutcome[]>;

  /**
   * Takes back what somebody may do, on every node: links end as `revoked`, subscriptions of one channel with an error. Remembered for
   * `forMs`, or until this server ends where its store does not outlive it. Rejects with `bad-request` where nobody is identified.
   */
  revoke(order: RevocationOrder, forMs: number): Promise<void>;

  /** Why others should be sent its clients, as of now: none while it hears what is published, and knows what was revoked. */
  readonly troubles: readonly Trouble[];

  stats(): HubStats;

  /**
   * Says bye to every link and takes no new one. Resolves when the last link is gone and the last call has ended, or `graceMs` have
   * passed; then handlers that still run are told to stop.
   */
  close(code: ErrorCode, message: string, graceMs: number): Promise<void>;
}

/** Who is in a channel: its members are users, or clients without a user (P8). */
export interface HubPresence {
  /**
   * Enters a channel as `who`, or changes the state there, for the time of one lease; `hold` prolongs it. `state` is JSON text.
   * Rejects with `too-large`, `too-many-members`, `unknown-channel`, `invalid`, `bad-channel`, ...
   */
  set(channel: string, state: string, who: Identity, key?: CommandKey): Promise<void>;
  /** Leaves a channel as this client; the member stays while another one of its clients does. */
  leave(channel: string, who: Identity, key?: CommandKey): Promise<void>;
  list(channel: string): Promise<Members>;
  /** A link of `who` lives: its leases go on until the undo, and count from then. */
  hold(who: Identity): Undo;
}

/** A receipt; a volatile message has no id. */
export type Published = Receipt | { readonly ok: true; readonly id: undefined; readonly repeated: false };

export type CommandAnswer =
  | { readonly key: string; readonly ok: true; readonly id: Id | undefined; readonly answer?: Payload }
  | { readonly key: string; readonly ok: false; readonly error: EitherwayError };

/** A call that was started, or a message that waits for its window: its answer comes when it is there. The promise never rejects. */
export interface LaterAnswer {
  readonly key: string;
  readonly later: Promise<CommandAnswer>;
}

export type CommandOutcome = CommandAnswer | LaterAnswer;

/** The meaning of one link. */
export interface Session {
  /** A frame of the peer. */
  receive(frame: ClientFrame): void;
  /** Bytes of the peer that are no legal frame: says so; ends the link where the stream of frames cannot be trusted. */
  reject(error: EitherwayError): void;
  /** The link was full and is not any more. */
  drained(): void;
  /** The link is over. Ends all subscriptions; nothing is written after it. */
  closed(): void;
}

export interface HubStats {
  readonly links: number;
  /** Of them, those of each transport. */
  readonly transports: Readonly<Record<LinkTransport, number>>;
  readonly subscriptions: { readonly reading: number; readonly live: number; readonly lagging: number };
  /** Channels that this process watches. */
  readonly watched: number;
  readonly unflushedBytes: number;
  /** Messages that wait for the windows of their collapse keys. */
  readonly windowBytes: number;
  /** Calls that run. */
  readonly calls: number;
  /** Deadlines that wait in the wheel. */
  readonly timers: number;
  readonly broker: BrokerSizes;
  /**
   * Counters since start, by name. Of deliveries: `messages.published`, `messages.delivered` (those times the links that got them),
   * and what flushes are like: `runs.flushed`, with `runs.messages` and `runs.bytes` (payloads and overhead) in them.
   */
  readonly counters: Readonly<Record<string, number>>;
}
