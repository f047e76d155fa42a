/** What a walk is made of: plain data, so that a failing walk shrinks and can be read. */
import fc from "fast-check";
import type { TransportChoice } from "../../../src/client/client-api.ts";
import { type Directions, type NetworkPath, PATHS } from "../../../src/testing/memory-network/ways.ts";

/** Where in the network something happens; `in use`: to the link of the client. */
export type Where = NetworkPath | "in use";

export type NetworkAction =
  | { readonly do: "refuse" | "swallow" | "flaky" | "clear" | "cut" | "cut inside"; readonly path: Where }
  | { readonly do: "busy"; readonly path: Where; readonly seconds: number }
  | { readonly do: "hold back"; readonly path: Where; readonly bytes: number }
  | { readonly do: "short lives"; readonly path: Where; readonly ms: number }
  | { readonly do: "latency"; readonly path: Where; readonly ms: number }
  | { readonly do: "half-open"; readonly path: Where; readonly directions: Directions }
  /** The network is another one from now on: without WebSockets, and with a proxy that holds streams back. */
  | { readonly do: "buffering proxy"; readonly bytes: number }
  | { readonly do: "cut all" | "offline" | "calm" }
  | { readonly do: "busy everywhere"; readonly seconds: number };

/** Channels are numbers below {@link CHANNELS}. */
export type ServerAction =
  | { readonly do: "crash" | "drain" | "store fails" | "store works" }
  | { readonly do: "server publishes"; readonly channel: number; readonly count: number; readonly collapse: boolean };

export type DeviceAction =
  | { readonly do: "fall asleep" | "wake up" }
  | { readonly do: "set the wall clock"; readonly ms: number };

export type ApplicationAction =
  | { readonly do: "use"; readonly choice: TransportChoice }
  | { readonly do: "reconnect" | "repeat" | "abort" }
  | { readonly do: "listen" | "loop"; readonly channel: number; readonly from: From }
  | { readonly do: "leave"; readonly channel: number; readonly inHandler: boolean }
  /** Everybody leaves, and one comes back a moment later. */
  | { readonly do: "blink"; readonly channel: number; readonly ms: number; readonly inHandler: boolean }
  | { readonly do: "take"; readonly channel: number; readonly count: number }
  | { readonly do: "stumble"; readonly channel: number }
  | {
      readonly do: "publish";
      readonly channel: number;
      readonly count: number;
      readonly size: number;
      readonly key: "counted" | "own";
    };

export type Action =
  | NetworkAction
  | ServerAction
  | DeviceAction
  | ApplicationAction
  | { readonly do: "pass"; readonly ms: number };

export type ActionName = Action["do"];

type ActionOf<Name extends ActionName, A extends Action = Action> = A extends Action
  ? Name extends A["do"]
    ? A
    : never
  : never;

/** Where an application asks to begin. */
export type From = "start" | "now" | "where it was" | "some old place" | "a place to come";

export const CHANNELS = ["a", "b/1", "c"] as const;

export interface Walk {
  readonly seed: number;
  /** Of the jitter: as it comes, or all at one end. */
  readonly luck: "mixed" | "least" | "most";
  readonly framing: "json" | "binary";
  readonly streamChange: "make-first" | "break-first";
  readonly choice: TransportChoice;
  /** What worked on this network before. */
  readonly recalled: string | undefined;
  /** Entries that a log keeps. */
  readonly keeps: number;
  /** Milliseconds that `token()` takes; 0: there is none. */
  readonly tokenMs: number;
  readonly actions: readonly Action[];
  /** Whether all is well again before the client is closed. */
  readonly healed: boolean;
}

const channel = fc.nat(CHANNELS.length - 1);
const path = fc.oneof(fc.constantFrom<Where>(...PATHS), fc.constant<Where>("in use"));
const from = fc.constantFrom<From>("start", "now", "where it was", "where it was", "some old place", "a place to come");
const choice = fc.oneof(
  { weight: 4, arbitrary: fc.constant<TransportChoice>("auto") },
  {
    weight: 1,
    arbitrary: fc.constantFrom<TransportChoice>("websocket", "sse", "poll", ["sse", "poll"], ["poll", "websocket"]),
  },
);
const HOUR_MS = 3_600_000;

/** Weights by how much there is to find. */
const action: fc.Arbitrary<Action> = fc.oneof(
  weighted(3, "refuse", { path }),
  weighted(3, "swallow", { path }),
  weighted(2, "flaky", { path }),
  weighted(2, "flaky", { path: fc.constant<Where>("commands") }),
  weighted(2, "busy", { path, seconds: fc.constantFrom(1, 5, 20) }),
  weighted(4, "hold back", { path, bytes: fc.constantFrom(0, 300, 500) }),
  weighted(2, "short lives", { path, ms: fc.constantFrom(1, 50, 3_000) }),
  weighted(3, "latency", { path, ms: fc.constantFrom(0, 5, 80, 1_500, 4_000) }),
  weighted(3, "half-open", { path, directions: fc.constantFrom<Directions>("both", "up", "down") }),
  weighted(3, "cut", { path }),
  weighted(4, "cut inside", { path }),
  weighted(2, "clear", { path }),
  weighted(2, "cut all", {}),
  weighted(5, "buffering proxy", { bytes: fc.constantFrom(0, 300, 300, 500) }),
  weighted(1, "offline", {}),
  weighted(2, "busy everywhere", { seconds: fc.constantFrom(1, 5, 20) }),
  weighted(5, "calm", {}),
  weighted(1, "crash", {}),
  weighted(1, "drain", {}),
  weighted(1, "store fails", {}),
  weighted(2, "store works", {}),
  weighted(9, "server publishes", { channel, count: fc.integer({ min: 1, max: 8 }), collapse: fc.boolean() }),
  weighted(3, "server publishes", { channel, count: fc.constant(60), collapse: fc.constant(false) }),
  weighted(1, "server publishes", { channel, count: fc.constant(1_100), collapse: fc.constant(false) }),
  weighted(2, "fall asleep", {}),
  weighted(3, "wake up", {}),
  weighted(1, "set the wall clock", { ms: fc.constantFrom(-HOUR_MS, -5_000, 30_000, HOUR_MS) }),
  weighted(3, "use", { choice }),
  weighted(2, "reconnect", {}),
  weighted(8, "listen", { channel, from }),
  weighted(2, "loop", { channel, from }),
  weighted(3, "take", { channel, count: fc.constantFrom(1, 5, 2_000) }),
  weighted(5, "leave", { channel, inHandler: fc.boolean() }),
  weighted(4, "blink", { channel, ms: fc.constantFrom(0, 12, 30, 49, 51), inHandler: fc.boolean() }),
  weighted(1, "stumble", { channel }),
  weighted(14, "publish", {
    channel,
    count: fc.integer({ min: 1, max: 4 }),
    size: fc.constantFrom(5, 5, 5, 5, 5, 5, 5, 300, 300, 3_000),
    key: fc.constantFrom("counted", "counted", "counted", "own"),
  }),
  weighted(1, "repeat", {}),
  weighted(1, "abort", {}),
  weighted(22, "pass", { ms: fc.constantFrom(1, 7, 20, 49, 60, 200, 1_000, 2_500, 6_000, 15_000, 45_000) }),
);

function weighted<D extends ActionName>(
  weight: number,
  name: D,
  fields: {
    readonly [K in Exclude<keyof ActionOf<D>, "do">]: fc.Arbitrary<ActionOf<D>[K]>;
  },
): fc.WeightedArbitrary<Action> {
  const record = { do: fc.constant(name), ...fields };
  return { weight, arbitrary: fc.record(record) as fc.Arbitrary<unknown> as fc.Arbitrary<Action> };
}

const firstListener: Action = { do: "listen", channel: 0, from: "now" };

/** On average half as many actions as `most`; the first makes the client connect. */
export function walksUpTo(most: number): fc.Arbitrary<Walk> {
  return fc.record({
    seed: fc.nat(),
    luck: fc.constantFrom("mixed", "mixed", "mixed", "least", "most"),
    framing: fc.constantFrom("json", "binary"),
    streamChange: fc.constantFrom("make-first", "break-first"),
    choice,
    recalled: fc.constantFrom(undefined, undefined, "sse", "poll", "carrier pigeon"),
    keeps: fc.constantFrom(12, 40, 5_000),
    tokenMs: fc.constantFrom(0, 0, 0, 30),
    actions: fc
      .noBias(fc.array(action, { minLength: 1, maxLength: most, size: "max" }))
      .map((actions) => [firstListener, ...actions]),
    healed: fc.constantFrom(true, true, true, false),
  });
}
