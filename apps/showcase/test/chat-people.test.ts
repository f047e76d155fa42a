import { describe, expect, test } from "vitest";
import { createContinuity } from "../chat/continuity.ts";
import { createOldTalk } from "../chat/old-talk.ts";
import { createTyping, SAY_EVERY_MS } from "../chat/typing.ts";

describe("who is writing", () => {
  test("is heard until the message comes, or nothing more is heard of it", () => {
    const typing = createTyping();
    expect([typing.heard("ana", 0), typing.heard("bo", 500), typing.heard("ana", SAY_EVERY_MS)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(typing.users(SAY_EVERY_MS)).toEqual(["ana", "bo"]);
    typing.sent("ana");
    expect(typing.users(SAY_EVERY_MS)).toEqual(["bo"]);
    const end = typing.nextEnd() ?? Number.NaN;
    expect(end).toBeGreaterThan(500 + 2 * SAY_EVERY_MS); // one word of two may be lost
    expect(typing.users(end - 1)).toEqual(["bo"]);
    expect(typing.users(end)).toEqual([]);
    expect(typing.nextEnd()).toBeUndefined();
    typing.sent("nobody");
  });
});

describe("the proof by the senders' numbers", () => {
  test("counts what is missing and what comes again, of each sender by itself", () => {
    const proof = createContinuity();
    for (const number of [7, 8, 11, 8]) proof.take("ana", number);
    for (const number of [1, 2]) proof.take("bo", number);
    expect(proof).toMatchObject({ checked: 6, lost: 2, doubled: 1 });
  });

  test("begins anew where continuity was declared lost", () => {
    const proof = createContinuity();
    proof.take("ana", 1);
    proof.gap();
    proof.take("ana", 9);
    expect(proof).toMatchObject({ checked: 2, lost: 0, doubled: 0 });
  });
});

test("old talk is the same every time, tells its place, and each of its people counts on", () => {
  const [one, other] = [createOldTalk(), createOldTalk()];
  const said = Array.from({ length: 200 }, () => one.next());
  expect(said).toEqual(said.map(() => other.next()));
  expect(said.at(-1)?.message.text).toMatch(/^200: /);
  const people = [...new Set(said.map(({ from }) => from))];
  expect(people.length).toBeGreaterThan(2);
  for (const person of people) {
    const numbers = said.filter(({ from }) => from === person).map(({ message }) => message.number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  }
});
