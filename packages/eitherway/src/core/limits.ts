/** Every bound of a server, with its default. Reaching one is a named outcome with a counter (P6). */
import { EitherwayError } from "../protocol/index.ts";

export interface Limits {
  /** Largest payload of one message, bytes. Beyond: `too-large`. */
  readonly messageBytes: number;
  /** Largest frame or request body from a client, bytes. Beyond: `too-large`. */
  readonly frameBytes: number;
  /** Open links of this process, with sockets that have not said hello. Beyond: `too-many-links` for the newcomer; nobody is evicted. */
  readonly links: number;
  /** Links of one user in this process. Beyond: `too-many-links` for the newcomer. */
  readonly userLinks: number;
  /** Links from one address, or one /64 of IPv6, in this process. Beyond: `too-many-links` for the newcomer. */
  readonly addressLinks: number;
  /** Channels on one link. Beyond: `too-many-subscriptions` for that channel. */
  readonly subscriptions: number;
  /** Log records of the broker, also empty ones. Beyond: `too-many-channels`. */
  readonly channels: number;
  /** Bytes of all logs of the broker, in memory or on files. Beyond: `storage-full`; what was acknowledged stays. */
  readonly logBytes: number;
  /** Remembered keys and calls of the broker. Beyond: the oldest go before their window ends, which is counted and told. */
  readonly keys: number;
  /** Commands that may wait on one link, or come in one batch; also the receipts that a log keeps of one client. */
  readonly inFlight: number;
  /**
   * Commands, announcements, channels subscribed to and pages of history that one client may ask for in a second, or one user over all his
   * links and requests in this process. Beyond: a link is not read until it may, a request or a hello is `rate-limited`.
   */
  readonly commandsPerSecond: number;
  /** How many of them may come at once, after a while with fewer. */
  readonly commandBurst: number;
  /** Calls that run at once in this process. Beyond: `unavailable` for the newcomer, to be tried again. */
  readonly calls: number;
  /** Bytes published but not yet flushed to subscribers, over all channels. Beyond: `publish` waits. */
  readonly unflushedBytes: number;
  /** Bytes waiting in one link's socket before it counts as full. */
  readonly linkBytes: number;
  /** Milliseconds a link may stay full. Beyond: closed as `slow`. */
  readonly slowMs: number;
  /** Milliseconds for the first frame after a handshake, and for `auth` and `authorize` to answer. Beyond: `hello-timeout`, and `unavailable`. */
  readonly helloMs: number;
  /** Milliseconds for a request body. Beyond: `body-timeout`. */
  readonly bodyMs: number;
  /** Collapse keys of one log whose newest entry trimming spares, and which have windows. Beyond: the oldest are trimmed like any entry. */
  readonly latestKeys: number;
  /** Bytes of messages that wait for the windows of their collapse keys, over all channels. Beyond: `unavailable`, to be tried again. */
  readonly windowBytes: number;
  /** Bytes of all pieces of one stream. Beyond: `too-large` for the piece; the stream stays open. */
  readonly streamBytes: number;
  /** Members of one channel's presence. Beyond: `too-many-members` for the newcomer. */
  readonly presenceMembers: number;
  /** Bytes of one member's state. Beyond: `too-large`. */
  readonly presenceBytes: number;
  /** Joins, updates and leaves that are told in one second of one channel. Beyond: they are gathered, the newest state of each member. */
  readonly presenceDiffs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: Limits = {
  messageBytes: 64 * KIB,
  frameBytes: 256 * KIB, // a message in base64, or a batch of small commands
  links: 50_000,
  userLinks: 1_000, // a fleet of screens may log in as one user; nobody has a thousand tabs
  addressLinks: 10_000, // whole towns share one behind a carrier's NAT, and everybody behind a proxy that is not named
  subscriptions: 1_000,
  channels: 100_000, // about 40 MB of empty records
  logBytes: 256 * MIB,
  keys: 200_000, // at most about 80 MB, where each is of another client
  inFlight: 256,
  commandsPerSecond: 10_000, // a feed that one program publishes; about a quarter of a core
  commandBurst: 20_000, // what waited in an outbox, and then some
  calls: 4_000, // 256 MB of inputs, where each is as large as a message may be
  unflushedBytes: 8 * MIB,
  linkBytes: 64 * KIB, // one capped run
  slowMs: 30_000,
  helloMs: 10_000,
  bodyMs: 20_000,
  latestKeys: 1_000,
  windowBytes: 8 * MIB,
  streamBytes: MIB,
  presenceMembers: 1_000, // with presenceBytes: who begins to watch gets at most about 1 MiB
  presenceBytes: KIB,
  presenceDiffs: 100, // to each of 1,000 members: about what one channel can deliver in a second
};

/** How long and how much a log keeps. Whatever is reached first trims. */
export interface Retention {
  readonly messages: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** What some channels keep instead. */
export interface ChannelRetention {
  of(channel: string): Partial<Retention> | undefined;
  /** No channel keeps anything longer, milliseconds. */
  readonly longestAgeMs: number;
  /** All that is said, by names for sentences: two of the same bounds keep alike. */
  readonly bounds: Readonly<Record<string, number>>;
}

export const DEFAULT_RETENTION: Retention = { messages: 1_000, bytes: MIB, ageMs: 60 * 60_000 };

/** For how long a repeated key gets its first receipt, in milliseconds. */
export const DEFAULT_KEY_WINDOW_MS = 5 * 60_000;

/** For how long a member stays when its last link is gone: a reload, a tunnel, a change of networks. */
export const DEFAULT_PRESENCE_LEASE_MS = 10_000;

/** Below the 30-60 s after which common proxies cut an idle connection. */
export const DEFAULT_PING_MS = 15_000;

/** Fills in defaults. Throws `bad-request` for a limit that is not a positive whole number, naming it. */
export function withDefaults<T extends object>(defaults: T, given: Partial<T> | undefined, what: string): T {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!Object.hasOwn(defaults, name)) {
      throw new EitherwayError(
        "bad-request",
        `There is no ${what}.${name}; known: ${Object.keys(defaults).join(", ")}.`,
      );
    }
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
      throw new EitherwayError("bad-request", `${what}.${name} is ${String(value)}; give a whole number above 0.`);
    }
  }
  return { ...defaults, ...given };
}
