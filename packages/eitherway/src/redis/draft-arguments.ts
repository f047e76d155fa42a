/** What publish.lua is told of drafts, and what its answers say of them. */
import {
  type CommandKey,
  type Draft,
  fingerprint,
  keyName,
  keyReused,
  outcomeUnknown,
  type Receipt,
} from "../core/index.ts";
import { type Epoch, formatId, payloadBytes } from "../protocol/index.ts";
import type { Argument } from "./connection.ts";
import type { KeyNames } from "./key-names.ts";
import { encodeMessage } from "./message-codec.ts";

/** A draft, or a message to announce, as bytes of its own: who published it may change its own. */
export type Item =
  | { readonly kind: "volatile"; readonly blob: Buffer }
  | {
      readonly kind: "draft";
      readonly blob: Buffer;
      readonly bytes: number;
      readonly collapse: string | undefined;
      readonly key: ItemKey | undefined;
      readonly replaced: readonly ItemKey[];
    };

interface ItemKey {
  readonly key: CommandKey;
  /** The key in Redis where its receipts are. */
  readonly name: string;
  readonly print: number;
  readonly collapse: string | undefined;
}

export function draftItem(names: KeyNames, channel: string, draft: Draft): Item {
  const keyOf = ({ key, event, payload, collapse }: Draft): ItemKey | undefined =>
    key && {
      key,
      name: names.part(channel, `key ${keyName("", key, collapse)}`),
      print: fingerprint(event, payload),
      collapse,
    };
  return {
    kind: "draft",
    blob: encodeMessage(draft),
    bytes: payloadBytes(draft.payload),
    collapse: draft.collapse,
    key: keyOf(draft),
    replaced: (draft.replaced ?? []).map(keyOf).filter((key) => key !== undefined),
  };
}

export interface ItemArguments {
  /** KEYS[first..] of the script: each key once. */
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

/** @param first place of the first key in KEYS, from 1 */
export function itemArguments(items: readonly Item[], first: number): ItemArguments {
  const places = new Map<string, number>();
  const keyArguments = (key: ItemKey | undefined): readonly string[] => {
    if (!key) return NO_KEY;
    const place = places.get(key.name) ?? first + places.size;
    places.set(key.name, place);
    return [String(place), String(counterOf(key.key)), String(key.print), marked(key.collapse)];
  };
  const args = items.flatMap((item): readonly Argument[] => {
    if (item.kind === "volatile") return ["v", item.blob];
    const { blob, bytes, collapse, key, replaced } = item;
    const head = ["d", blob, String(bytes), marked(collapse), String(replaced.length)];
    return [...head, ...keyArguments(key), ...replaced.flatMap(keyArguments)];
  });
  return { keys: [...places.keys()], args };
}

const NO_KEY = ["0", "0", "0", ""];

/** An empty collapse key is one as well. */
function marked(collapse: string | undefined): string {
  return collapse === undefined ? "" : `=${collapse}`;
}

export function counterOf(key: CommandKey): number {
  return key.kind === "counted" ? key.counter : 0;
}

/** @param answer of publish.lua for this draft */
export function receiptOf(channel: string, item: Item, epoch: Epoch, answer: unknown): Receipt {
  if (typeof answer === "number" && answer !== 0) {
    return { ok: true, id: formatId(epoch, Math.abs(answer)), repeated: answer < 0 };
  }
  const key = item.kind === "draft" ? item.key?.key : undefined;
  if (!key) throw new Error("publish.lua refused a draft without a key");
  if (answer === 0) return { ok: false, error: keyReused(channel, key) };
  return { ok: false, error: outcomeUnknown(channel, counterOf(key), Number(answer)) };
}
