import { createSeededRandom } from "eitherway/testing";
import { describe, expect, test } from "vitest";
import type { Message, Which } from "../chat/contract.ts";
import { createReader, type Entry, keyOf } from "../chat/messages.ts";

const NONE = { edited: [], removed: [] };

function message(from: string, number: number, text: string): Entry<Message> {
  return { data: { sender: "page", number, text }, meta: { from } };
}

function removal(from: string, number: number): Entry<Which> {
  return { data: { sender: "page", number }, meta: { from } };
}

describe("what a message looks like", () => {
  const first = message("ana", 1, "hi");

  test("is what was sent, where nothing was done to it", () => {
    expect(createReader()([first], NONE)).toMatchObject([{ ...first, key: keyOf(first), text: "hi", isEdited: false }]);
  });

  test("is its last edit, until it is removed; what comes after that changes nothing", () => {
    const read = createReader();
    const edited = [message("ana", 1, "ho"), message("ana", 1, "hu")];
    expect(read([first], { edited, removed: [] })).toMatchObject([{ text: "hu", isEdited: true }]);
    const removed = [removal("ana", 1)];
    expect(read([first], { edited, removed })).toMatchObject([{ text: undefined, isEdited: false }]);
    expect(read([first], { edited: [...edited, message("ana", 1, "back")], removed })[0]?.text).toBeUndefined();
  });

  test("is not changed by anybody else, nor by what names a message that is not here", () => {
    const changes = {
      edited: [message("bo", 1, "forged"), message("ana", 2, "another one")],
      removed: [removal("bo", 1), removal("ana", 7)],
    };
    expect(createReader()([first], changes)).toMatchObject([{ text: "hi", isEdited: false }]);
  });

  test("is the same object while it does not change, so that it is rendered once", () => {
    const read = createReader();
    const second = message("ana", 2, "there");
    const before = read([first, second], NONE);
    const after = read([first, second], { edited: [message("ana", 2, "here")], removed: [] });
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    const again = read([first, second], { edited: [message("ana", 2, "here")], removed: [removal("bo", 9)] });
    expect(again[1]).toBe(after[1]);
  });

  test.each([1, 2, 3, 4, 5])(
    "is the same whether changes came before or after it, in any mixture (seed %i)",
    (seed) => {
      const random = createSeededRandom(seed);
      const below = (end: number): number => Math.floor(random() * end);
      const users = ["ana", "bo"];
      const messages = users.flatMap((user) =>
        Array.from({ length: 5 }, (_, n) => message(user, n + 1, `${user} ${n}`)),
      );
      const edited = Array.from({ length: 30 }, (_, n) => message(users[below(2)] ?? "", below(8), `edit ${n}`));
      const removed = Array.from({ length: 6 }, () => removal(users[below(2)] ?? "", below(8)));
      // As one reads them one by one: the last edit of its user counts, and a removal ends it.
      const expected = messages.map((one) => {
        if (removed.some((other) => keyOf(other) === keyOf(one))) return undefined;
        return edited.findLast((other) => keyOf(other) === keyOf(one))?.data.text ?? one.data.text;
      });
      // They arrive little by little; what is shown at the end does not depend on that.
      const read = createReader();
      const come = { messages: 0, edited: 0, removed: 0 };
      const soFar = () =>
        read(messages.slice(0, come.messages), {
          edited: edited.slice(0, come.edited),
          removed: removed.slice(0, come.removed),
        });
      while (come.messages < messages.length || come.edited < edited.length || come.removed < removed.length) {
        come.messages += below(3);
        come.edited += below(4);
        come.removed += below(2);
        soFar();
      }
      expect(soFar().map(({ text }) => text)).toEqual(expected);
    },
  );
});
