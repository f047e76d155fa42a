/** What a run of the model is made of. Plain data, so that a failing run shrinks and can be read. */
import fc from "fast-check";
import { MODEL_TRANSPORTS, type ModelTransport } from "./connection.ts";

/** Where a subscription asks to begin. */
export type From = "start" | "now" | "kept" | "old" | "future" | "former epoch" | "foreign epoch";

/** Channels and readers are numbers, below {@link CHANNELS} and {@link READERS}. */
export type Action =
  | { readonly do: "publish"; readonly channel: number; readonly size: number; readonly collapse: number }
  | { readonly do: "publish burst"; readonly channel: number; readonly size: number; readonly count: number }
  | { readonly do: "publish with key"; readonly channel: number; readonly door: "server" | "http" }
  | { readonly do: "repeat key"; readonly back: number; readonly door: "server" | "http" }
  | { readonly do: "reuse key"; readonly back: number }
  | { readonly do: "say"; readonly reader: number; readonly channel: number; readonly count: number }
  | { readonly do: "cut"; readonly reader: number; readonly unread: boolean }
  | { readonly do: "connect"; readonly reader: number; readonly transport: ModelTransport }
  | { readonly do: "subscribe"; readonly reader: number; readonly channel: number; readonly from: From }
  | { readonly do: "unsubscribe"; readonly reader: number; readonly channel: number }
  | { readonly do: "slow reader"; readonly reader: number }
  | { readonly do: "take bytes"; readonly reader: number; readonly bytes: number }
  | { readonly do: "fast reader"; readonly reader: number }
  | { readonly do: "let time pass"; readonly ms: number }
  | { readonly do: "re-create"; readonly reader: number; readonly channel: number; readonly from: From }
  | { readonly do: "step the wall clock"; readonly ms: number }
  | { readonly do: "settle" };

export interface Command {
  readonly action: Action;
  /** Event-loop turns that end after it. */
  readonly turns: number;
}

export const CHANNELS = ["a", "b/1", "c"] as const;
export const READERS = ["ana", "bo", "cy", "di"] as const;

/** Every kind of action. */
export const ACTIONS: readonly Action["do"][] = [
  "publish",
  "publish burst",
  "publish with key",
  "repeat key",
  "reuse key",
  "say",
  "cut",
  "connect",
  "subscribe",
  "unsubscribe",
  "slow reader",
  "take bytes",
  "fast reader",
  "let time pass",
  "re-create",
  "step the wall clock",
  "settle",
];

const channel = fc.nat(CHANNELS.length - 1);
const reader = fc.nat(READERS.length - 1);
const door = fc.constantFrom("server" as const, "http" as const);
const back = fc.nat(5);
/** Small ones trim by number, large ones by bytes. */
const size = fc.oneof(fc.nat(40), fc.integer({ min: 250, max: 600 }));
const from = fc.constantFrom<From>("start", "now", "kept", "old", "future", "former epoch", "foreign epoch");

const HOUR_MS = 3_600_000;

/** Weights by how much there is to find, and so that every count of the table is high enough. */
const action: fc.Arbitrary<Action> = fc.oneof(
  weighted(16, "publish", { channel, size, collapse: fc.nat(5) }),
  weighted(10, "publish burst", { channel, size, count: fc.integer({ min: 2, max: 10 }) }),
  weighted(4, "publish with key", { channel, door }),
  weighted(4, "repeat key", { back, door }),
  weighted(1, "reuse key", { back }),
  weighted(10, "say", { reader, channel, count: fc.integer({ min: 1, max: 4 }) }),
  weighted(7, "cut", { reader, unread: fc.boolean() }),
  weighted(14, "connect", { reader, transport: fc.constantFrom(...MODEL_TRANSPORTS) }),
  weighted(14, "subscribe", { reader, channel, from }),
  weighted(4, "unsubscribe", { reader, channel }),
  weighted(8, "slow reader", { reader }),
  weighted(8, "take bytes", { reader, bytes: fc.integer({ min: 1, max: 900 }) }),
  weighted(4, "fast reader", { reader }),
  weighted(3, "let time pass", { ms: fc.constantFrom(10, 100, 1_000, 8_000, 21_000) }),
  weighted(1, "re-create", { reader, channel, from: fc.constantFrom<From>("kept", "former epoch", "start", "now") }),
  weighted(2, "step the wall clock", { ms: fc.integer({ min: -HOUR_MS, max: HOUR_MS }) }),
  weighted(7, "settle", {}),
);

function weighted<D extends Action["do"]>(
  weight: number,
  name: D,
  fields: {
    readonly [K in Exclude<keyof Extract<Action, { do: D }>, "do">]: fc.Arbitrary<Extract<Action, { do: D }>[K]>;
  },
): fc.WeightedArbitrary<Action> {
  const record = { do: fc.constant(name), ...fields };
  return { weight, arbitrary: fc.record(record) as fc.Arbitrary<unknown> as fc.Arbitrary<Action> };
}

const command: fc.Arbitrary<Command> = fc.record({ action, turns: fc.nat(2) });

/** On average `(1 + most) / 2` of them: without the usual bias to short ones. */
export function commandsUpTo(most: number): fc.Arbitrary<Command[]> {
  return fc.noBias(fc.array(command, { minLength: 1, maxLength: most, size: "max" }));
}
