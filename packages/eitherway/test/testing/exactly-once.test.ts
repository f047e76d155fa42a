import { AssertionError } from "node:assert";
import { describe, expect, test } from "vitest";
import type { MessageMeta } from "../../src/client/index.ts";
import { formatId } from "../../src/protocol/index.ts";
import {
  assertExactlyOnceInOrder,
  type DeliveryMatchers,
  deliveryMatchers,
  type Received,
} from "../../src/testing/index.ts";

expect.extend(deliveryMatchers);

declare module "vitest" {
  interface Matchers<T> extends DeliveryMatchers<T> {}
}

const EPOCH = "m8x2k1b7cq0z";
const id = (seq: number): string => formatId(EPOCH as never, seq);

/** Each an id's number and what came with it. */
function received(...messages: readonly (readonly [seq: number, data: unknown])[]): Received {
  const metas = messages.map(([seq]): MessageMeta => {
    const own = { id: seq > 0 ? id(seq) : "", volatile: seq === 0 };
    return {
      channel: "room/42",
      event: "said",
      at: 0,
      from: undefined,
      kind: "json",
      skipped: 0,
      replayed: false,
      ...own,
    };
  });
  return { label: "bo on room/42, seed 7", data: messages.map(([, data]) => data), metas };
}

/** The lines of what the assertion says. */
function complaintsOf(what: Received, expected: readonly unknown[]): string[] {
  try {
    assertExactlyOnceInOrder(what, expected);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AssertionError);
    expect(() => expect(what).toReceiveExactlyOnceInOrder(expected)).toThrow((thrown as Error).message);
    return (thrown as Error).message.split("\n").map((line) => line.trim());
  }
  expect(what).toReceiveExactlyOnceInOrder(expected);
  return [];
}

describe("exactly once and in order", () => {
  test("holds for nothing, for all in their order, and for messages that are alike", () => {
    expect(complaintsOf(received(), [])).toEqual([]);
    expect(complaintsOf(received([1, { text: "a" }], [2, { text: "b" }]), [{ text: "a" }, { text: "b" }])).toEqual([]);
    expect(complaintsOf(received([1, "a"], [2, "a"], [0, "a"], [0, "a"]), ["a", "a", "a", "a"])).toEqual([]);
  });

  test("names who, the seed, what was lost, and where it had to come", () => {
    const [head, ...lost] = complaintsOf(received([2, "b"], [4, "d"]), ["a", "b", "c", "d", "e"]);
    expect(head).toBe("bo on room/42, seed 7: received 2 of 5 messages, not exactly once and in order");
    expect(lost).toEqual([
      `lost: "a", which had to come before ${id(2)}`,
      `lost: "c", which had to come after ${id(2)} and before ${id(4)}`,
      `lost: "e", which had to come after ${id(4)}`,
    ]);
    expect(complaintsOf(received(), ["a"])[1]).toBe('lost: "a", which had to come at all');
  });

  test("tells a message that came twice from one that was stored twice", () => {
    expect(complaintsOf(received([1, "a"], [2, "b"], [1, "a"]), ["a", "b"]).slice(1)).toEqual([
      `doubled: "a" (said ${id(1)}) came again`,
    ]);
    expect(complaintsOf(received([1, "a"], [2, "b"], [3, "a"]), ["a", "b"]).slice(1)).toEqual([
      `doubled: "a" (said ${id(3)}) is another message with what came before: it was stored twice`,
    ]);
    expect(complaintsOf(received([0, "a"], [0, "a"]), ["a"])[1]).toContain("without an id");
  });

  test("names those that are out of order, the fewest, and behind what they came", () => {
    expect(complaintsOf(received([2, "b"], [3, "c"], [1, "a"], [4, "d"]), ["a", "b", "c", "d"]).slice(1)).toEqual([
      `reordered: "a" (said ${id(1)}) came after "c" (said ${id(3)})`,
    ]);
    expect(complaintsOf(received([2, "b"], [1, "a"]), ["a", "b"])).toHaveLength(2);
  });

  test("names what nobody expected, and gaps that were declared", () => {
    const gap = { channel: "room/42", why: "trimmed", oldest: id(3), head: id(4) } as const;
    expect(complaintsOf({ ...received([1, "z"], [5, "b"]), gaps: [gap] }, ["a", "b"]).slice(1)).toEqual([
      `lost: "a", which had to come before ${id(5)}`,
      `strange: "z" (said ${id(1)}) was not expected`,
      `declared: a gap (trimmed); kept from ${id(3)}, goes on after ${id(4)}`,
    ]);
  });

  test("says the first five of a kind and how many there are, and shortens what is long", () => {
    const lines = complaintsOf(
      received(),
      Array.from({ length: 9 }, () => "x".repeat(500)),
    );
    expect(lines).toHaveLength(1 + 5 + 1);
    expect(lines.at(-1)).toBe("lost: and 4 more");
    expect(lines[1]?.length).toBeLessThan(200);
  });

  test("takes 20,000 messages in a moment", () => {
    const data = Array.from({ length: 20_000 }, (_, i) => i);
    const all = received(...data.map((n) => [n + 1, n] as const));
    expect(all).toReceiveExactlyOnceInOrder(data);
    expect(complaintsOf(all, [...data.slice(1), 0])).toHaveLength(2);
  });

  test("as a matcher has expect.any() and `not`", () => {
    const one = received([1, { at: 17 }]);
    expect(one).toReceiveExactlyOnceInOrder([{ at: expect.any(Number) }]);
    expect(one).not.toReceiveExactlyOnceInOrder([]);
    expect(() => expect(one).not.toReceiveExactlyOnceInOrder([{ at: 17 }])).toThrow("exactly once and in order");
  });

  test("refuses what nobody collected, and a list that is none", () => {
    for (const wrong of [undefined, 5, { data: [] }]) {
      expect(() => assertExactlyOnceInOrder(wrong as never, [])).toThrow(
        expect.objectContaining({ code: "bad-request", message: expect.stringContaining("harness.collect()") }),
      );
    }
    expect(() => assertExactlyOnceInOrder(received(), "a" as never)).toThrow(
      expect.objectContaining({ code: "bad-request", message: expect.stringContaining("a list") }),
    );
  });
});
