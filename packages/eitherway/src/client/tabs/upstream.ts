/** The one connection of a hub: a client's, with its choice of transport and its backoff, and without an outbox. */
import { jsonClientCodec, type WelcomeFrame } from "../../protocol/index.ts";
import { createConnection } from "../connection.ts";
import { attendDevice } from "../device.ts";
import { machine } from "../machine.ts";
import type { ClientClock, NetworkMemory, Random, Wakeups } from "../ports.ts";
import type { Subscription } from "../subscription.ts";
import type { ClientTransport, Destination } from "../transport.ts";
import { exchange, helloLine } from "../transports/http.ts";

/** `trying`: it may soon be up. `down`: not before another attempt, later. `over`: refused, or put away with its page. */
export type UpstreamState =
  | { readonly name: "trying" }
  | { readonly name: "up"; readonly welcome: WelcomeFrame }
  /** `toldMs`: the server named this time, from the beginning of the wait. */
  | { readonly name: "down"; readonly message: string; readonly toldMs: number | undefined }
  | { readonly name: "over"; readonly message: string };

export interface Upstream {
  readonly state: UpstreamState;
  /** What is wanted has changed. */
  update(): void;
  woken(): void;
  /** Over a fresh link, with the token that there is now. */
  reconnect(): void;
  /** Ids of a channel do not join up. */
  distrust(message: string): void;
  /** As a link of that client's would, for a moment. Never rejects: what fails is tried again in its time. */
  renewLease(client: string): Promise<void>;
  close(): void;
}

export interface UpstreamEvents {
  /** What the link should carry. */
  wanted(): Map<string, Subscription>;
  /** With tabs it connects even where they want no channel: they may want to publish. */
  readonly tabs: number;
  /** The newest one that a tab gave. */
  readonly token: string | undefined;
  /** The token is soon over: only tabs have another one. */
  expiring(): void;
  /** `state` may be another one. */
  changed(): void;
}

export type UpstreamDestination = Pick<Destination, "url" | "streamChange">;

export interface UpstreamOptions {
  readonly clock: ClientClock;
  readonly random: Random;
  readonly wakeups: Wakeups;
  /** Best first. */
  readonly transports: readonly ClientTransport[];
  createNetworkMemory(url: string): NetworkMemory;
  readonly client: string;
}

/** A renewal that takes longer comes too late for the next tab's. */
const RENEWAL_MS = 4_000;

export function createUpstream(options: UpstreamOptions, to: UpstreamDestination, events: UpstreamEvents): Upstream {
  const { clock, random, transports, client } = options;
  let welcome: WelcomeFrame | undefined;
  let wake = (): void => {};
  let renewing: AbortController | undefined;

  const connection = createConnection({
    transports,
    order: transports.filter((transport) => transport.supported()).map(({ name }) => name),
    destination: { ...to, framing: jsonClientCodec, clock },
    client,
    // A hub has tabs with a token or tabs without, never both.
    token: events.token === undefined ? undefined : () => events.token as string,
    expiring: events.expiring,
    clock,
    random,
    machine,
    attend: attendDevice((device) => {
      wake = device.woken;
      return options.wakeups(device);
    }, clock),
    createNetworkMemory: options.createNetworkMemory,
    wanted: events.wanted,
    // Tabs send their commands themselves: keys count only with the client id of their own hello (PROTOCOL K4).
    outbox: {
      get size() {
        return events.tabs;
      },
      attach(_send, frame) {
        welcome = frame;
        events.changed();
      },
      detach() {
        welcome = undefined;
      },
      answer() {},
      running() {},
      returned() {},
    },
    changed: events.changed,
    report() {}, // what stops the connection is its state
  });

  function readState(): UpstreamState {
    const { state } = connection;
    const message = state.lastFailure?.message ?? "";
    switch (state.name) {
      case "open":
        return welcome ? { name: "up", welcome } : { name: "trying" };
      case "waiting":
        return { name: "down", message, toldMs: state.told ? state.ms : undefined };
      case "stopped":
        return { name: "over", message };
      case "asleep":
      case "closed":
        return { name: "over", message: "the page that held the connection is put away" };
      case "idle":
      case "connecting":
        return { name: "trying" };
    }
  }

  /** A poll that wants nothing: its hello says that the client is present. */
  async function renewLease(of: string): Promise<void> {
    const request = new AbortController();
    renewing = request;
    const undoDeadline = clock.after(RENEWAL_MS, () => request.abort());
    const who = { client: of, present: true, ...(events.token !== undefined && { token: events.token }) };
    await exchange({ ...to, clock }, "poll", helloLine({ who }, new Map(), 0), request.signal, async (answer) => {
      await answer.text();
      return undefined;
    });
    undoDeadline();
  }

  return {
    renewLease,
    get state() {
      return readState();
    },
    update: () => connection.update(),
    woken: () => wake(),
    reconnect: () => connection.reconnect(),
    distrust: (message) => connection.distrust(message),
    close() {
      renewing?.abort();
      connection.close();
    },
  };
}
