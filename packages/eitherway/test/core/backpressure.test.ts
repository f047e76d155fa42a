import { describe, expect, test } from "vitest";
import { createTestHub, publishFrame, type TestLink } from "./support.ts";

describe("a peer that sends and does not take what it is sent (slow reader)", () => {
  /** Sends as a transport would: only while the link is read. Answers come in between. */
  async function flood(link: TestLink, settle: () => Promise<void>, frames: number): Promise<number> {
    let sent = 0;
    for (; sent < frames && link.reading; sent++) {
      link.send(publishFrame(`k${sent}`, "a", "x"));
      await settle();
    }
    return sent;
  }

  test("is not read any more once its link is full: answers are bounded by the link, not by its zeal (P6, P7)", async () => {
    const { open, settle } = createTestHub();
    const link = open({}, { room: 3 });
    expect(await flood(link, settle, 1_000)).toBeLessThan(5);
    expect(link.writes.length).toBeLessThan(5);
  });

  test("has what it sent already answered in order when it takes again, and is read again (P5)", async () => {
    const { open, settle } = createTestHub();
    const link = open({}, { room: 2 });
    // What a transport had in its hands when it was told to stop.
    for (let i = 0; i < 10; i++) link.send(publishFrame(`k${i}`, "a", "x"));
    await settle();
    expect(link.read()).toEqual(["welcome", "ok k0"]);
    expect(link.reading).toBe(false);
    link.drain();
    await settle();
    expect(link.read()).toEqual(Array.from({ length: 9 }, (_, i) => `ok k${i + 1}`));
    expect(link.reading).toBe(true);
  });
});
