/** The ways that are measured: one transport of this browser each, over the same channel code. */
import { type ClientTransport, type CoreClient, createClient, poll, sse, webSocket } from "eitherway/client/core";
import type { RoundMessage, Side, Stamps, Trace, Way } from "eitherway/instrument";
import { pageClock, pause } from "./clock.ts";

export interface MeasuredSide extends Side {
  readonly id: "ws" | "sse" | "poll";
  readonly transport: ClientTransport;
}

export const SIDES: readonly MeasuredSide[] = [
  { id: "ws", name: "WebSocket", transport: webSocket },
  { id: "sse", name: "SSE", transport: sse },
  { id: "poll", name: "Long-poll", transport: poll },
];

export interface WayOptions {
  readonly side: MeasuredSide;
  readonly channel: string;
  readonly signal: AbortSignal;
  order(trace: Trace): Promise<void>;
  /** The link ended by itself after it was open. Whoever waits for messages or answers waits in vain, or for another link. */
  onLost(why: string): void;
  /** Called for each message that arrives. */
  onStamps(part: RoundMessage["part"], stamps: Stamps): void;
}

/** What opens slower than that is of no use, and could hold up the run for good. */
const OPEN_MS = 6_000;
/** For its own messages, once all are stored. */
const OWN_PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 2;

export function createBrowserWay({ side, channel, signal, order, onLost, onStamps }: WayOptions): Way {
  const client = createSideClient(side);
  const handle = client.channel<RoundMessage>(channel);
  let published = 0;
  let ownArrived = 0;
  const end = (): void => void client.close();
  signal.addEventListener("abort", end, { once: true });
  return {
    async open() {
      await opened(client, channel, OPEN_MS);
      client.on("status", ({ state, lastError }) => {
        if (state === "waiting" || state === "stopped") onLost(lastError?.message ?? state);
      });
    },
    /** To the channel that it hears: what arrives of its own says how far the clocks are apart, and what is held back. */
    async publish(message) {
      published++;
      await handle.publish(message);
    },
    order,
    onMessage(listener) {
      handle.on("message", (message, { at }) => {
        const arrived = pageClock.now();
        if (message.part !== "down") ownArrived++;
        listener(message);
        onStamps(message.part, { sent: message.at, arrived, server: at });
      });
    },
    async after(part) {
      const until = pageClock.now() + OWN_PATIENCE_MS;
      while (part === "burst" && ownArrived < published && pageClock.now() < until && !signal.aborted) {
        await pause(LOOK_EVERY_MS, signal);
      }
    },
    async close() {
      signal.removeEventListener("abort", end);
      await client.close();
    },
  };
}

/** A client that has this transport alone, and leaves no memory of it to the other pages of this origin. */
export function createSideClient({ transport }: Pick<MeasuredSide, "transport">): CoreClient {
  return createClient({ url: "/eitherway", transports: [transport] });
}

/** Resolves once the channel is live; rejects with the reason why it is not, in words for people. */
export function opened(client: CoreClient, channel: string, withinMs: number): Promise<void> {
  const undos: (() => void)[] = [];
  const live = new Promise<void>((resolve, reject) => {
    const handle = client.channel(channel);
    undos.push(
      pageClock.after(withinMs, () => reject(new Error(`it was not open within ${withinMs / MS_PER_SECOND} s`))),
      handle.on("live", () => resolve()),
      handle.on("error", reject),
      client.on("status", ({ state, lastError }) => {
        if (state === "waiting" || state === "stopped") reject(new Error(lastError?.message ?? state));
        if (state === "closed") reject(new Error("it was stopped"));
      }),
      handle.on("message", () => {}), // only who listens is subscribed
    );
  });
  return live.finally(() => {
    for (const undo of undos) undo();
  });
}

const MS_PER_SECOND = 1_000;
