import { describe, expect, test } from "vitest";
import { createTestHub, publishFrame, type TestLink } from "./support.ts";

function messagesOf(link: TestLink): unknown[] {
  return link.readFrames().flatMap((frame) => (frame.t === "messages" ? frame.messages.map(({ data }) => data) : []));
}

describe("one flush", () => {
  test("what was published within a turn leaves as one run, as the same buffer for every link", async () => {
    const { open, append, settle, clock } = createTestHub();
    const links = Array.from({ length: 10 }, () => open({ a: "now" }));
    await settle();
    for (const link of links) link.read();
    await append("a", "1");
    await append("a", "2");
    expect(links[0]?.read()).toEqual([]); // not before the end of the turn
    clock.turn();
    expect(links.map((link) => link.read())).toEqual(links.map(() => ["messages a 1,2"]));
    expect(new Set(links.map((link) => link.writes.at(-1))).size).toBe(1);
  });

  test("a run is capped at 64 KiB; the rest follows, in order (P1)", async () => {
    const { open, append, settle } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    link.read();
    const texts = Array.from({ length: 12 }, (_, i) => `${i}${"x".repeat(20_000)}`);
    await append("a", ...texts);
    await settle();
    expect(Math.max(...link.writes.map((bytes) => bytes.length))).toBeLessThan(66_000);
    expect(messagesOf(link)).toEqual(texts);
  });

  test("runs are counted once, whatever the number of their readers: how many, and of how many messages and bytes", async () => {
    const { hub, open, append, settle } = createTestHub();
    for (let n = 0; n < 3; n++) open({ a: "now" });
    await settle();
    await append("a", "1");
    await append("a", "2");
    await settle();
    const { counters } = hub.stats();
    expect(counters).toMatchObject({ "runs.flushed": 1, "runs.messages": 2, "messages.delivered": 6 });
    expect(counters["runs.bytes"]).toBeGreaterThan(2);
    await append("nobody", "3");
    await settle();
    expect(hub.stats().counters).toMatchObject({ "runs.flushed": 1, "runs.messages": 2 });
  });

  test("a link with several changed channels gets one write", async () => {
    const { open, append, settle, clock } = createTestHub();
    const [both, one] = [open({ a: "now", b: "now" }), open({ a: "now" })];
    await settle();
    await append("a", "1");
    await append("b", "2");
    clock.turn();
    expect(both.read().slice(-2)).toEqual(["messages a 1", "messages b 2"]);
    expect([both.gathered.at(-1), one.gathered.at(-1)]).toEqual([2, 1]);
    const writes = both.gathered.length;
    await append("a", "3");
    clock.turn();
    expect(both.gathered).toHaveLength(writes); // one changed channel: one write anyway
  });

  test("an answer leaves with the run that its command made, as one write", async () => {
    const { open, settle } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    link.send(publishFrame("k1", "a", "mine"));
    await settle();
    expect(link.read().slice(-2)).toEqual(["ok k1", "messages a mine"]);
    expect(link.gathered.at(-1)).toBe(2);
  });

  test("welcome, what was missed and live leave as one write", async () => {
    const { open, append, settle } = createTestHub();
    await append("a", "1");
    const link = open({ a: "start" });
    await settle();
    expect(link.read().map((frame) => frame.split(" ")[0])).toEqual(["welcome", "messages", "live"]);
    expect(link.gathered).toEqual([3]);
  });

  test("the publisher hears ok before its own message comes back (P4)", async () => {
    const { open, settle } = createTestHub();
    const link = open({ a: "now" });
    await settle();
    link.send(publishFrame("k1", "a", "mine"));
    await settle();
    expect(link.read()).toEqual(["welcome", "live a", "ok k1", "messages a mine"]);
  });
});

describe("a flush in slices", () => {
  test("after 500 links others have their turn: a small channel does not wait for a large one (P7)", async () => {
    const { open, append, settle, clock } = createTestHub({ limits: { links: 2_000 } });
    const crowd = Array.from({ length: 1_200 }, () => open({ large: "now" }));
    const few = open({ small: "now" });
    await settle();
    for (const link of [...crowd, few]) link.read();
    await append("large", "1");
    await append("small", "2");
    clock.turn();
    expect(crowd.filter((link) => link.read().length > 0).length).toBe(500);
    clock.turn();
    expect(few.read()).toEqual(["messages small 2"]);
    await settle();
    expect(crowd.filter((link) => link.read().length > 0).length).toBe(700);
  });

  test("a run is held until its last slice, though the log trims it meanwhile (P2)", async () => {
    const { open, append, settle, clock } = createTestHub({ limits: { links: 2_000 }, retention: { messages: 1 } });
    const crowd = Array.from({ length: 1_200 }, () => open({ a: "now" }));
    await settle();
    for (const link of crowd) link.read();
    await append("a", "1", "2");
    clock.turn();
    await append("a", "3", "4");
    await settle();
    expect(crowd.map((link) => messagesOf(link).join())).toEqual(crowd.map(() => "1,2,3,4"));
  });

  test("who subscribes, leaves or drains between two slices gets everything once, in order (P1, P2)", async () => {
    const { open, append, settle, clock, hub } = createTestHub({ limits: { links: 2_000 } });
    const crowd = Array.from({ length: 1_000 }, () => open({ a: "now" }));
    const slow = open({ a: "now" }, { room: 2 });
    await settle();
    await append("a", "1");
    clock.turn(); // the first 500
    const late = open({ a: "start" });
    crowd[0]?.session.closed();
    crowd[999]?.session.closed();
    await append("a", "2");
    await settle();
    slow.drain();
    await settle();
    await append("a", "3");
    await settle();
    expect(messagesOf(late)).toEqual(["1", "2", "3"]);
    expect(messagesOf(slow)).toEqual(["1", "2", "3"]);
    for (const link of crowd.slice(1, 999)) expect(messagesOf(link)).toEqual(["1", "2", "3"]);
    expect(hub.stats().unflushedBytes).toBe(0);
  });
});

describe("unflushed bytes are bounded", () => {
  test("beyond the limit publish waits, in order, and what it held is delivered (P1, P6)", async () => {
    const { open, append, settle, hub } = createTestHub({ limits: { unflushedBytes: 1_000 } });
    const link = open({ a: "now" });
    await settle();
    link.read();
    const text = "x".repeat(400);
    const done: number[] = [];
    const all = Array.from({ length: 4 }, (_, i) => append("a", `${i}${text}`).then(() => done.push(i)));
    const { counters } = hub.stats();
    expect(counters["publish.delayed"]).toBeGreaterThan(0);
    await Promise.all([all[0], all[1]]);
    expect(hub.stats().unflushedBytes).toBeLessThan(2_000);
    expect(done.length).toBeLessThan(4);
    await settle();
    await Promise.all(all);
    await settle();
    expect(done).toEqual([0, 1, 2, 3]);
    expect(messagesOf(link).map((data) => Number.parseInt(String(data), 10))).toEqual([0, 1, 2, 3]);
    expect(hub.stats().unflushedBytes).toBe(0);
  });

  test("when as much waits as may be on its way, the next publish is refused and may come again (P6, P12)", async () => {
    const { open, append, settle, hub } = createTestHub({ limits: { unflushedBytes: 1_000 } });
    open({ a: "now" });
    await settle();
    const outcomes = await Promise.all(
      [...Array.from({ length: 8 }, () => append("a", "x".repeat(400))), settle()].map((call) =>
        Promise.resolve(call).then(
          () => "ok",
          (error) => error.code,
        ),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(["ok", "unavailable"]));
    expect(hub.stats().counters["publish.refused.unavailable"]).toBeGreaterThan(0);
    await settle();
    await expect(append("a", "again")).resolves.toHaveLength(1);
  });

  test("what nobody is subscribed to does not count", async () => {
    const { append, hub } = createTestHub({ limits: { unflushedBytes: 1_000 } });
    for (let i = 0; i < 10; i++) await append("a", "x".repeat(400));
    expect(hub.stats().unflushedBytes).toBe(0);
  });
});

test("a link that dies in the middle of a write leaves nothing on its way, nor less than nothing (P6)", async () => {
  const { hub, open, publish, settle } = createTestHub();
  const link = open({ a: "now" });
  await settle();
  Object.assign(link, {
    write() {
      link.session.closed();
      return true;
    },
  });
  await publish("a", "1");
  expect(hub.stats()).toMatchObject({ links: 0, watched: 0, unflushedBytes: 0 });
});
