/** What an application sees of the client: createClient's options, the client, its channels and its status. */
import type { EitherwayError, ErrorCode, GapReason, Id, Payload } from "../protocol/index.ts";
import type { OutboxStore, Outcome, PendingPublish } from "./outbox-store/outbox-store.ts";
import type { ClientClock, Random, Undo } from "./ports.ts";
import type { TimelineEntry } from "./timeline.ts";
import type { ClientFraming, ClientTransport, Fetch, StreamChange, TransportName } from "./transport.ts";

export type { OutboxStore, Outcome, PendingPublish, TimelineEntry };

/**
 * `auto` is every transport there is, best first; a list is tried in its order. What worked the last time on this network has
 * the first try; the next one joins when it fails or is not open within 2 s; a stream that is open but mute is given up for one that
 * holds less back; and better ones are probed while a lesser one is in use, first after 30 to 60 s. Each change is a resume (P3).
 */
export type TransportChoice = "auto" | TransportName | readonly TransportName[];

/** Options of every client. */
export interface CommonOptions {
  /** Where the server is: `https://host/eitherway`; in browsers also a path, `/eitherway`. */
  readonly url: string | URL;
  /** How frames are written on a WebSocket. Default JSON, which any tool can read; see `eitherway/client/binary`. */
  readonly framing?: ClientFraming;
  /** Put into every hello; a function is asked each time a link opens. */
  readonly token?: string | (() => string | Promise<string>);
  /** Bounds of what waits for its answer. Beyond either, `publish` rejects with `unavailable` (P6). */
  readonly outbox?: {
    /** Default 1,000. */
    readonly commands?: number;
    /** Bytes as written on the wire: where so many wait, no more may join them; the last one may go beyond. Default 8 MiB. */
    readonly bytes?: number;
  };
  /** 1 to 64 letters, digits, `_`, `-`; default random. Two clients with one id disturb each other's publishes. */
  readonly clientId?: string;
  /**
   * How SSE, long-poll and history speak HTTP. Default: the platform's `fetch`. A WebSocket does not go by it, nor do event streams
   * of React Native: name the transports. Server code reads channels by the `fetch` of its own server, without a network.
   *
   * @example
   * const inside = createClient({
   *   url: "http://localhost/eitherway",
   *   transport: "sse",
   *   fetch: (url, init) => ew.fetch(new Request(url, init)),
   * });
   */
  readonly fetch?: Fetch;
  /** For tests. */
  readonly clock?: ClientClock;
  /** For tests: a number from 0 to 1, for jitter. */
  readonly random?: Random;
}

export interface ClientOptions extends CommonOptions {
  /** Default `auto`. */
  readonly transport?: TransportChoice;
  /**
   * How an SSE client changes its channels: `make-first` opens the new stream before it ends the old one, `break-first`
   * the reverse, which spares the second of the six connections that browsers allow on HTTP/1.1.
   * Default: `make-first` for https (HTTP/2 is likely), else `break-first`.
   */
  readonly streamChange?: StreamChange;
  readonly outbox?: CommonOptions["outbox"] & {
    /** Keeps publishes over reloads: `openOutbox()` of `eitherway/client/outbox`. Brings a client id of its own. */
    readonly store?: OutboxStore | undefined;
  };
  /**
   * Milliseconds after which a page that nobody sees sleeps: its link ends, and nothing arrives, is sent or renders until it is seen
   * again; then every channel goes on at its cursor (P2). For pages that only show something. Default: never. Publishes wait meanwhile.
   */
  readonly sleepAfterHiddenMs?: number;
  /** One connection for all tabs of a browser: `shareTabs()` of `eitherway/client/tabs`. */
  readonly share?: TabSharing | undefined;
  /** Replaces the built-in transports; the order is that of `auto`. */
  readonly transports?: readonly ClientTransport[];
}

/** What `shareTabs()` gives. */
export interface TabSharing {
  /** Named `shared`; stands before `sse` in the order of `auto`. */
  readonly transport: ClientTransport;
  /** Whether it is worth it here: else it is used only where the application names nothing else. */
  isUseful(): boolean;
  /** Calls back when somebody logged out in any tab: the client closes. */
  onLogout(end: () => void): Undo;
}

/** What every client is, also one of `eitherway/client/core`. */
export interface CoreClient {
  /** Random id, the same over all links of this client. */
  readonly id: string;
  /** What is going on. The same object until something changes. */
  readonly status: Status;

  /**
   * A handle of a channel. Nothing is sent before its first `on("message")`, iteration or `publish`. All handles of one name
   * share one subscription and one cursor; `from` counts where the subscription starts, not while it runs.
   *
   * @throws EitherwayError `bad-channel`, `reserved-channel` or `bad-cursor`
   */
  channel<T = unknown>(name: string, options?: ChannelOptions): CoreChannel<T>;

  /** Calls back after every change, at most once a turn. */
  on(event: "status", listener: (status: Status) => void): Undo;
  /**
   * What nobody waits for: a handler that threw, a subscription that failed, a refusal that stopped the client. An error of a
   * handler that no listener hears is thrown on its own, as EventTarget does.
   */
  on(event: "error", listener: (error: Error, about: ErrorContext) => void): Undo;

  /** Ends the link, if there is one, and connects at once, also after a refusal that stopped the client. */
  reconnect(): void;
  /**
   * Resolves when the outbox has room for another command; at once if it has. Those who wait are called in order, as many as fit. With
   * `outbox.store` also what was published before is on disk then. Rejects with `closed`.
   */
  ready(): Promise<void>;
  /**
   * Ends everything. Publishes without an answer reject: `closed` where they were never sent, else `outcome-unknown`. With
   * `outbox.store` they stay on disk all the same, and another tab or the next page sends them: see `clearOutbox()`. Resolves once
   * that is written.
   */
  close(): Promise<void>;
}

/** A client of any kind, also one with a contract, whose channels have other handles. */
export type AnyClient = Omit<CoreClient, "channel">;

export interface Client extends CoreClient {
  channel<T = unknown>(name: string, options?: ChannelOptions): Channel<T>;

  /** What happened to links and channels and why, oldest first: the last 200 entries. */
  timeline(): readonly TimelineEntry[];

  on(event: "status", listener: (status: Status) => void): Undo;
  on(event: "error", listener: (error: Error, about: ErrorContext) => void): Undo;
  /**
   * What became of a publish that an earlier page or a closed tab left in `outbox.store`, since nobody holds its promise any more.
   * Each at least once: a page that ends just then says nothing, or the next one says it again. Without a listener a failure is an
   * `error`.
   */
  on(event: "outcome", listener: (outcome: Outcome) => void): Undo;
  /** Switches now: the link ends and every channel resumes over the given transport (P3). */
  use(transport: TransportChoice): void;
  /** Publishes without an outcome, in order, to show them before they are stored. The status changes when they do. */
  pending(): readonly PendingPublish[];
}

export interface ErrorContext {
  /** The channel whose handler threw or whose subscription failed. */
  readonly channel?: string;
}

export interface ChannelOptions {
  /** Where the subscription starts: `now` (default), `start` (everything kept), or after an id, for example a saved cursor. */
  readonly from?: "now" | "start" | Id;
}

/** A channel of every client. */
export interface CoreChannel<T = unknown> {
  readonly name: string;
  /**
   * Seen up to this id: moves after the handlers returned, so what is saved of it is never ahead of the application.
   * `start` or `now` before anything is known.
   */
  readonly cursor: "now" | "start" | Id;

  /**
   * Every message, once, in order (P1, P2). The first listener of a channel starts its subscription, the undo of the last ends it.
   * A handler that throws is reported as the client's `error` and holds nothing; the promise of an async one is not waited for.
   */
  on(event: "message", listener: (data: T, meta: MessageMeta) => unknown): Undo;
  /** Continuity was lost; the subscription goes on at `head`. Reload what you show of this channel. */
  on(event: "gap", listener: (gap: Gap) => unknown): Undo;
  /** The subscription reached the newest message: what follows is as it happens. */
  on(event: "live", listener: (id: Id) => unknown): Undo;
  /**
   * Of `@presence/<channel>`: who is there, as of an id. Comes first, and again where the changes, which are its messages
   * `join`, `update` and `leave`, could not be continued.
   */
  on(event: "members", listener: (members: readonly PresentMember[], id: Id) => unknown): Undo;
  /** The server refused this subscription. Where the error says `retry`, the client does. */
  on(event: "error", listener: (error: EitherwayError) => unknown): Undo;

  /**
   * Resolves with the id once the message is stored (P4). Waits through cuts and sends again with the same key (P5); publishes of
   * one client on one channel are stored in the order of the calls.
   *
   * @throws EitherwayError (as a rejection) of the server, or `too-large`, `bad-json`, `bad-event`, `bad-key` before anything is
   * sent, `unavailable` when the outbox is full, `outcome-unknown` when nobody can tell any more, `closed` after `close()`
   */
  publish(data: unknown, options?: PublishOptions): Promise<{ readonly id: Id }>;

  /**
   * A volatile message: to those who listen now, over the link that is open now. It is kept nowhere, has no id, and nobody answers. Without
   * an open link, or with more on its way than the link takes, it is dropped, and `status.dropped` counts it. What the server refuses
   * is the client's `error`.
   *
   * @throws EitherwayError `too-large`, `bad-json` or `bad-event`
   * @example
   * room.announce({ typing: true }, { event: "typing" });
   */
  announce(data: unknown, options?: AnnounceOptions): void;
}

export interface AnnounceOptions extends Pick<PublishOptions, "event" | "kind"> {}

export interface Channel<T = unknown> extends CoreChannel<T>, AsyncIterable<Incoming<T>> {
  /**
   * Messages as they are pulled. At most 1,000 wait: then the whole channel of this client pauses and goes on from the log,
   * so a slow loop costs nothing but `gap`s where the log was trimmed meanwhile; the next message says so in `meta.gap`.
   * Leaving the loop ends the subscription like an undo. A final refusal of the subscription is thrown.
   */
  [Symbol.asyncIterator](): AsyncIterator<Incoming<T>, undefined, undefined>;
}

/** Somebody who is present in a channel. */
export interface PresentMember<State = unknown> {
  /** User id, or client id of somebody without one. */
  readonly member: string;
  /** What the member set last. */
  readonly state: State;
}

export interface PublishOptions {
  /** Default `message`. */
  readonly event?: string;
  /** Your own idempotency key, at most 128 bytes; default a counted one. */
  readonly key?: string;
  /** Default: `bytes` for a Uint8Array, else `json`. `text` takes a string. */
  readonly kind?: Payload["kind"];
  /** Gives up. Before it was sent nothing happens; afterwards the rejection is `outcome-unknown`. */
  readonly signal?: AbortSignal;
}

/** A message in a `for await` loop. */
export interface Incoming<T = unknown> {
  readonly data: T;
  readonly meta: MessageMeta;
}

export interface MessageMeta {
  /** Empty for a volatile message. */
  readonly id: Id;
  readonly channel: string;
  readonly event: string;
  /** Server time in milliseconds since 1970, for people. */
  readonly at: number;
  /** The publisher's user id, where there is one. */
  readonly from: string | undefined;
  readonly kind: Payload["kind"];
  /** How many ids just before this one are not shown by themselves: a newer entry replaced them, or they were joined into this one. */
  readonly skipped: number;
  /** Came from the log, before the subscription was live. */
  readonly replayed: boolean;
  /** Told to those who listened, and kept nowhere: it has no id, moves no cursor and is never replayed. */
  readonly volatile: boolean;
  /** Continuity was lost just before this message. */
  readonly gap?: Gap;
}

export interface Gap {
  readonly channel: string;
  readonly why: GapReason;
  /** The oldest id that is kept; equal to `head` where nothing is. */
  readonly oldest: Id;
  /** The newest id; the subscription goes on after it. */
  readonly head: Id;
}

/**
 * `idle`: nothing to do yet. `connecting`, `open`: as they say. `waiting`: until the next attempt. `asleep`: the page was put
 * away, and it goes on when it comes back. `stopped`: refused in a way that coming back does not change; what waits keeps waiting,
 * and `reconnect()` or `use()` try again. `closed`: by `close()`.
 */
export type ClientState = "idle" | "connecting" | "open" | "waiting" | "asleep" | "stopped" | "closed";

export interface Status {
  readonly state: ClientState;
  /** The transport in use, or tried last. */
  readonly transport: TransportName | undefined;
  /** Why this transport, in a sentence. */
  readonly why: string;
  /** Rounds of attempts since the last link that held; 0 while all is well. */
  readonly attempt: number;
  /** While `waiting`: the pause before the next attempt, as it began. */
  readonly retryInMs: number | undefined;
  readonly lastError: StatusError | undefined;
  /** Milliseconds from sending a command to its answer, the last one measured. */
  readonly roundTrip: number | undefined;
  /** Commands without an answer, sent or not. */
  readonly unanswered: number;
  /** Times that ids did not join up although no gap was declared. Always 0, or there is a defect. */
  readonly holes: number;
  /** Gaps that were declared. */
  readonly gaps: number;
  /** Announcements that went nowhere: no link was open, or it had no room. */
  readonly dropped: number;
  /** Links that opened. */
  readonly links: number;
}

export interface StatusError {
  /** Absent where the other end said nothing: a refused connection, a cut. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
}
