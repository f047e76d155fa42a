/** What messages look like after all that was done to them: edited, removed. Pure: the same whatever came first. */
import type { Message, Which } from "./contract.ts";

/** Something that a user did, as it stands in a log, or waits to stand there. */
export interface Entry<Data> {
  readonly data: Data;
  readonly meta: { readonly from: string | undefined };
}

/** As it is shown: where it was changed, with what it became. */
export type Shown<Item extends Entry<Message>> = Item & {
  /** Tells it from all others, before it has an id as well. */
  readonly key: string;
  /** `undefined`: removed. */
  readonly text: string | undefined;
  readonly isEdited: boolean;
};

export interface Changes {
  /** In the order they were made. */
  readonly edited: readonly Entry<Message>[];
  readonly removed: readonly Entry<Which>[];
}

/** Applies changes to messages: of edits the last one counts, and what is removed stays so. A change of what is not here changes nothing. */
export type Reader = <Item extends Entry<Message>>(items: readonly Item[], changes: Changes) => readonly Shown<Item>[];

/** A message is named by its user and what that user calls it: nobody names somebody else's. */
export function keyOf({ data: { sender, number }, meta: { from = "" } }: Entry<Which>): string {
  return `${from} ${sender} ${number}`;
}

/** A reader that gives the same object for what has not changed, so that it need not be rendered again. */
export function createReader(): Reader {
  const plain = new WeakMap<object, object>();
  const changed = new WeakMap<object, Shown<Entry<Message>>>();

  function unchanged<Item extends Entry<Message>>(item: Item): Shown<Item> {
    const known = plain.get(item) as Shown<Item> | undefined;
    if (known) return known;
    const shown = { ...item, key: keyOf(item), text: item.data.text, isEdited: false };
    plain.set(item, shown);
    return shown;
  }

  function become<Item extends Entry<Message>>(shown: Shown<Item>, text: string | undefined): Shown<Item> {
    const known = changed.get(shown) as Shown<Item> | undefined;
    if (known && known.text === text) return known;
    const made = { ...shown, text, isEdited: text !== undefined };
    changed.set(shown, made);
    return made;
  }

  return (items, { edited, removed }) => {
    const texts = new Map(edited.map((edit) => [keyOf(edit), edit.data.text]));
    const gone = new Set(removed.map(keyOf));
    return items.map((item) => {
      const shown = unchanged(item);
      if (gone.has(shown.key)) return become(shown, undefined);
      const text = texts.get(shown.key);
      return text === undefined ? shown : become(shown, text);
    });
  };
}
