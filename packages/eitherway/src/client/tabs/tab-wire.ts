/** What a tab and its hub say to each other: plain objects that survive a structured clone. */
import type { ArrivedError, Cursor, WelcomeFrame } from "../../protocol/index.ts";
import type { ChannelFrame, Destination } from "../transport.ts";
import type { Port } from "./port.ts";

/** Raised with every change: a worker may outlive the page of an older release that started it. */
export const TAB_WIRE_VERSION = 2;

/** A channel that a tab wants. */
export interface Interest {
  /** The tab's own number for it: frames carry it, so that none of an old subscription reaches a later one of the same channel. */
  readonly n: number;
  readonly channel: string;
  readonly from: Cursor;
}

/** How a tab is, as the hub has to know at any time. */
export interface TabSigns {
  readonly visible: boolean;
  /** Its client is present in some channel: the hub renews the lease, since there is no link of the tab's own that would (P8). */
  readonly present: boolean;
}

/** First on every port. The hub answers `here` at once, and `welcome` when its own link is open. */
export interface TabHello extends Pick<Destination, "url" | "streamChange">, TabSigns {
  readonly t: "hello";
  readonly v: number;
  /** The id of the tab's client. */
  readonly client: string;
  /** Whose messages these are: tabs share a hub only with those of the same user, or, without one, of the same token. */
  readonly user?: string;
  readonly token?: string;
  readonly interests: readonly Interest[];
}

export type ToHub =
  | TabHello
  | ({ readonly t: "change"; readonly added: readonly Interest[]; readonly removed: readonly number[] } & TabSigns)
  /** A sign of life, answered by `pong`. `taken`: messages received so far. */
  | ({ readonly t: "ping"; readonly taken: number } & TabSigns)
  /** The tab's device or network came to life. */
  | { readonly t: "woken" }
  | { readonly t: "bye" };

export type ToTab =
  | { readonly t: "here"; readonly v: number }
  | { readonly t: "welcome"; readonly frame: WelcomeFrame }
  | { readonly t: "frame"; readonly n: number; readonly frame: ChannelFrame | ArrivedError }
  | { readonly t: "pong" }
  /** The last one. With `after` the tab is to come back; without, to go on by itself. */
  | { readonly t: "ended"; readonly message: string; readonly after?: number };

/** As the tab holds it. */
export type HubPort = Port<ToTab, ToHub>;

/** As the hub holds it. */
export type TabPort = Port<ToHub, ToTab>;
