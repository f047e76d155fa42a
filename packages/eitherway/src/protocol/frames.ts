/**
 * Frames: what the two ends say to each other, independent of how it is written (see the codecs: json-*-codec.ts and binary-*-codec.ts).
 */
import type { ErrorCode } from "./errors.ts";
import type { Cursor, Epoch, Id } from "./ids.ts";
import type { Payload } from "./payload.ts";

/** The protocol version of `hello`. */
export const PROTOCOL_VERSION = 1;

/** WebSocket subprotocols by codec. */
export const SUBPROTOCOLS = { json: "eitherway.v1.json", binary: "eitherway.v1.binary" } as const;

/** Where a reader wants to stand in each channel. */
export type Cursors = ReadonlyMap<string, Cursor>;

export interface HelloFrame {
  readonly t: "hello";
  /** Random id of the client, the same over all its links. */
  readonly client: string;
  readonly channels: Cursors;
  readonly token?: string;
  /** The client is present in some channel: while this link lives its leases are renewed (P8). */
  readonly present?: boolean | undefined;
  /** Long-poll only: seconds to wait for the first message; 0 answers at once with where each channel stands. */
  readonly wait?: number;
}

export interface SubscribeFrame {
  readonly t: "subscribe";
  /** A channel that is subscribed already starts anew from this cursor. */
  readonly channels: Cursors;
}

export interface UnsubscribeFrame {
  readonly t: "unsubscribe";
  readonly channels: readonly string[];
}

export interface PublishFrame {
  readonly t: "publish";
  readonly key: string;
  readonly channel: string;
  readonly event: string;
  readonly payload: Payload;
}

/** Tells who listens now, and is kept nowhere: no key, no answer. */
export interface AnnounceFrame {
  readonly t: "announce";
  readonly channel: string;
  readonly event: string;
  readonly payload: Payload;
}

/** Asks the application; answered when it has answered. */
export interface CallFrame {
  readonly t: "call";
  readonly key: string;
  readonly channel: string;
  readonly name: string;
  readonly payload: Payload;
}

/** Enters a channel's presence, or changes the state there; without a state, leaves. */
export interface PresenceFrame {
  readonly t: "presence";
  readonly key: string;
  readonly channel: string;
  /** JSON text. */
  readonly state?: string;
}

export interface PongFrame {
  readonly t: "pong";
}

/** A newer token for this link: what is subscribed goes on, as far as it allows. */
export interface RefreshFrame {
  readonly t: "refresh";
  readonly token: string;
}

/** A command: what has a key, is applied once and is answered. */
export type CommandFrame = PublishFrame | CallFrame | PresenceFrame;

export type ClientFrame =
  | HelloFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | CommandFrame
  | AnnounceFrame
  | RefreshFrame
  | PongFrame;

/** A stored message. Inside a run seq counts up by one, less what `skipped` declares. */
export interface Message {
  readonly seq: number;
  /** Server time in milliseconds since 1970, for people; order is by seq. */
  readonly at: number;
  readonly event: string;
  /** The publisher's user id, set by the server only. */
  readonly from: string | undefined;
  readonly payload: Payload;
  /** How many ids just before this one are not shown (collapsed, or not for this reader). */
  readonly skipped: number;
}

/** A stretch of one channel's messages. Never empty. */
export interface Run {
  readonly channel: string;
  /** `undefined`: volatile messages, which have no place in a log; their seq and `skipped` are 0. */
  readonly epoch: Epoch | undefined;
  readonly messages: readonly Message[];
}

/** What a client may rely on, told in `welcome`. Sizes in bytes. */
export interface WireLimits {
  /** Largest payload of one message. */
  readonly messageBytes: number;
  /** Largest frame or request body from a client. */
  readonly frameBytes: number;
  /** Most channels on one link. */
  readonly subscriptions: number;
  /** Most commands of one client and channel that may be unanswered: the server keeps that many receipts. */
  readonly inFlight: number;
}

export interface WelcomeFrame {
  readonly t: "welcome";
  /** Milliseconds between pings on a link without other traffic. */
  readonly ping: number;
  /** Milliseconds for which a repeated key gets its first receipt. */
  readonly keyWindow: number;
  readonly limits: WireLimits;
}

export interface LiveFrame {
  readonly t: "live";
  readonly channel: string;
  /** The reader's cursor now. */
  readonly id: Id;
}

/** Why a log cannot continue from a cursor: entries are gone, another life of the log, or an id this log never gave. */
export type GapReason = "trimmed" | "epoch" | "unknown";

export const GAP_REASONS: readonly GapReason[] = ["trimmed", "epoch", "unknown"];

export interface GapFrame {
  readonly t: "gap";
  readonly channel: string;
  readonly why: GapReason;
  /** The oldest id that is kept; equal to `head` where nothing is. */
  readonly oldest: Id;
  /** The newest id; the reader stands here after the gap. */
  readonly head: Id;
  /** The newest entry of each collapse key up to `head`, in order: what the log still says of them. */
  readonly latest?: readonly Message[];
}

/** Who is in a channel, as of an id of its log of joins and leaves; the reader stands there. */
export interface MembersFrame {
  readonly t: "presence";
  /** `@presence/<channel>`. */
  readonly channel: string;
  readonly id: Id;
  readonly members: readonly Member[];
}

export interface Member {
  /** User id, or client id of somebody without one. */
  readonly member: string;
  /** JSON text. */
  readonly state: string;
}

export interface OkFrame {
  readonly t: "ok";
  readonly key: string;
  /** The id of the message that the command appended, where it did. */
  readonly id?: Id;
  /** What a call was answered. */
  readonly answer?: Payload;
}

/** A call runs and has no answer yet: ask again with the same frame. Where answers cannot come by themselves. */
export interface RunningFrame {
  readonly t: "running";
  readonly key: string;
}

export interface ErrorFrame {
  readonly t: "error";
  readonly code: ErrorCode;
  readonly message: string;
  /** What a program may want to know besides, as JSON text: `{"issues":[…]}` of `invalid`. */
  readonly details?: string;
  /** The command that failed. */
  readonly key?: string;
  /** The channel whose subscription failed. */
  readonly channel?: string;
}

export interface PingFrame {
  readonly t: "ping";
}

/** The token of this link is soon over: bring a new one, or the link ends. */
export interface ExpiryFrame {
  readonly t: "refresh";
  /** Milliseconds until then. */
  readonly left: number;
}

export interface ByeFrame {
  readonly t: "bye";
  readonly code: ErrorCode;
  readonly message: string;
  /** Milliseconds to wait before coming back, where the code says to. */
  readonly after?: number;
}

/** Every server frame but `messages`, which is a {@link Run}. */
export type ServerFrame =
  | WelcomeFrame
  | LiveFrame
  | GapFrame
  | MembersFrame
  | OkFrame
  | RunningFrame
  | ErrorFrame
  | PingFrame
  | ExpiryFrame
  | ByeFrame;

/** A message as a client receives it: the payload read, JSON parsed. */
export interface Received {
  readonly seq: number;
  readonly at: number;
  readonly event: string;
  readonly from: string | undefined;
  readonly kind: Payload["kind"];
  /** The JSON value, the text, or the bytes. */
  readonly data: unknown;
  readonly skipped: number;
}

export interface MessagesFrame {
  readonly t: "messages";
  readonly channel: string;
  /** `undefined`: volatile messages. */
  readonly epoch: Epoch | undefined;
  readonly messages: readonly Received[];
}

/** Frames whose payloads a client reads. */
export type ArrivedGap = Omit<GapFrame, "latest"> & { readonly latest?: readonly Received[] };
export type ArrivedMembers = Omit<MembersFrame, "members"> & { readonly members: readonly ArrivedMember[] };
export type ArrivedOk = Omit<OkFrame, "answer"> & { readonly answer?: Answer };
export type ArrivedError = Omit<ErrorFrame, "details"> & { readonly details?: unknown };

export interface ArrivedMember {
  readonly member: string;
  readonly state: unknown;
}

/** A payload, read. */
export type Answer = Pick<Received, "kind" | "data">;

/** What a client reads from a link. */
export type ArrivedFrame =
  | WelcomeFrame
  | MessagesFrame
  | LiveFrame
  | ArrivedGap
  | ArrivedMembers
  | ArrivedOk
  | RunningFrame
  | ArrivedError
  | PingFrame
  | ExpiryFrame
  | ByeFrame;

/**
 * How server frames become bytes. Pure: equal input gives equal bytes, so one encoding serves every link that shares the
 * framing object.
 */
export interface Framing {
  readonly name: string;
  run(run: Run): Uint8Array;
  frame(frame: ServerFrame): Uint8Array;
}

/**
 * The server's half of one way to write all frames. `Wire` is what a WebSocket message is: text or bytes.
 * `readClient` throws EitherwayError (`bad-json`, `bad-frame`, `unknown-frame`, `bad-channel`, ...) and nothing else.
 */
export interface ServerCodec<Wire extends string | Uint8Array> extends Framing {
  readonly subprotocol: string;
  readClient(wire: Wire): ClientFrame;
}

/** One whose frames are text, for an outer form that encodes them itself. */
export interface TextServerCodec extends ServerCodec<string> {
  runText(run: Run): string;
  frameText(frame: ServerFrame): string;
}

/** The client's half. Apart, so that a client carries no code of servers. `readServer` throws like `readClient`. */
export interface ClientCodec<Wire extends string | Uint8Array> {
  readonly subprotocol: string;
  writeClient(frame: ClientFrame): Wire;
  readServer(wire: Wire): ArrivedFrame;
}
