/** The seam of the client: a transport opens links; a link carries frames. What they mean is decided above. */
import type {
  ArrivedFrame,
  ArrivedGap,
  ArrivedMembers,
  ClientCodec,
  Cursors,
  ErrorCode,
  HelloFrame,
  LiveFrame,
  MessagesFrame,
} from "../protocol/index.ts";
import type { Announcement, Command } from "./command.ts";
import type { LinkFailure } from "./link-failure.ts";
import type { ClientClock } from "./ports.ts";

export type { LinkFailure };

/** From the beginning to `welcome`. A link that hangs there would never fail by itself. */
export const CONNECT_MS = 10_000;

/** Channels that change within this time are one change, where it takes a new request. */
export const GATHER_MS = 50;

/** Pings that a link may be silent for, each of which may be late by a half: below that a busy machine is taken for a dead one. */
export const QUIET_PINGS = 2.5;

/** `shared`: the connection of another tab or worker, see `ClientOptions.share`. */
export type TransportName = "websocket" | "shared" | "sse" | "poll";

export interface ClientTransport {
  readonly name: TransportName;
  /** Whether this platform can. */
  supported(): boolean;
  /** How long, in milliseconds, a link is silent when there is nothing to say, for a server that pings every `pingMs`. */
  idleMs(pingMs: number): number;
  /** Whoever is silent for longer is taken for dead. */
  quietMs(pingMs: number): number;
  /** The same right after the opening: whoever is silent for longer there is held back by something on the way. */
  muteMs(pingMs: number): number;
  /** Begins to connect. Never throws: what goes wrong comes as `ended`. Nothing is called back before it returns. */
  open(to: Destination, events: LinkEvents): ClientLink;
}

/** How frames are written on a WebSocket: JSON by default, or `binary` of `eitherway/client/binary`. */
export type ClientFraming = ClientCodec<string | Uint8Array>;

/** How an event stream gives way to a fresh one. */
export type StreamChange = "make-first" | "break-first";

export interface Destination {
  /** `http:` or `https:`, without a slash at its end. */
  readonly url: string;
  readonly framing: ClientFraming;
  /** Default: what suits the URL. */
  readonly streamChange?: StreamChange | undefined;
  readonly clock: ClientClock;
  /** How HTTP is spoken. Default: the platform's. */
  readonly fetch?: Fetch | undefined;
  /** What every hello of this link says of the client. */
  readonly who: Pick<HelloFrame, "client" | "token" | "present">;
  /** Every channel as it stands now. Asked for whenever a hello is written. */
  greet(): Greeting;
}

/** As much of the platform's `fetch` as is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Channels of a hello, and who gets the frames that answer it. */
export interface Greeting {
  readonly channels: Cursors;
  readonly routes: Routes;
  /** Every channel has answered `live` since it was last asked for: a poll may wait for news. */
  readonly settled: boolean;
  /**
   * A channel that was asked for from `now` has found its place over another link since. What answers this greeting stands
   * elsewhere, and what lies between would be lost: greet anew.
   */
  isStale(): boolean;
}

/** Where frames of a channel go. A link hands its own map back with each frame, so none reaches a later subscription. */
export type Routes = ReadonlyMap<string, ChannelSink>;

/** For frames that belong to no channel. */
export const NO_ROUTES: Routes = new Map();

export type ChannelFrame = MessagesFrame | LiveFrame | ArrivedGap | ArrivedMembers;

export interface ChannelSink {
  /** The newest message was reached over the link in use. */
  readonly live: boolean;
  take(frame: ChannelFrame): void;
  /** It begins, from `now` or an id, on a link that had a subscription to the channel before: frames of that one may come first. */
  retake(): void;
  /** The subscription failed. */
  fail(code: ErrorCode, message: string): void;
}

export interface LinkEvents {
  /** Any byte of what this link listens to: it lives. Answers to commands by another request say nothing about that. */
  alive(): void;
  /** In the order of arrival; `welcome` is the first. */
  frame(frame: ArrivedFrame, routes: Routes): void;
  /**
   * These commands have no answer and will get none of this link, though it goes on. Without a failure they were not tried;
   * with one that is final, they never will succeed.
   */
  returned(commands: readonly Command[], failure?: LinkFailure): void;
  /** The link is over, not by `close()`. At most once, nothing after it. */
  ended(failure: LinkFailure): void;
}

export interface ClientLink {
  /**
   * Channels changed. `added` has the new ones only. `false`: this link cannot tell the frames of an old subscription from those
   * of a new one to the same channel; use a fresh link.
   */
  change(added: Pick<Greeting, "channels" | "routes">, removed: readonly string[]): boolean;
  /** Hands a command to the wire; its answer comes as a frame, or it is `returned`. */
  publish(command: Command): void;
  /** Hands it to the wire, or drops it and returns `false`: nothing that is announced waits for room. */
  announce(announcement: Announcement): boolean;
  /** A newer token. A link without this cannot take one: a fresh link does. */
  refresh?(token: string): void;
  /** Ends the link. Nothing is called back after it. */
  close(): void;
}
