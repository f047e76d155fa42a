import { describe, expect, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import { textPayload } from "../../src/protocol/index.ts";
import { createTestHub, publishFrame, type TestHub, type TestLink } from "./support.ts";

const LIMITS = { commandsPerSecond: 10, commandBurst: 5 };
const SECOND_MS = 1_000;

/** Sends as a transport does: only while the link is read. */
function sendWhileRead(link: TestLink, from: number, to: number): number {
  let next = from;
  for (; next < to && link.reading; next++) link.send(publishFrame(`k${next}`, "a", `${next}`));
  return next;
}

/** Sends all of it, as fast as the link is read, and returns how long that took. */
async function sendAll({ clock, settle }: TestHub, link: TestLink, count: number): Promise<number> {
  const began = clock.now();
  let next = 0;
  while (next < count) {
    next = sendWhileRead(link, next, count);
    await settle();
    if (!link.reading) clock.advance(10);
  }
  return clock.now() - began;
}

describe("a link that sends too fast", () => {
  test("is read as fast as limits.commandsPerSecond says: nothing is lost, refused or reordered (P1, P5, P6)", async () => {
    const world = createTestHub({ limits: LIMITS });
    const reader = world.open({ a: "now" });
    const writer = world.open();
    await world.settle();
    reader.read();
    const took = await sendAll(world, writer, 105);
    expect(took).toBeGreaterThan(9 * SECOND_MS);
    expect(took).toBeLessThan(12 * SECOND_MS);
    const texts = Array.from({ length: 105 }, (_, i) => `${i}`);
    expect(reader.read().flatMap((brief) => brief.replace("messages a ", "").split(","))).toEqual(texts);
    expect(writer.read()).toEqual(["welcome", ...texts.map((text) => `ok k${text}`)]);
    expect(world.hub.stats().counters["commands.delayed"]).toBeGreaterThan(0);
  });

  test("others are read on meanwhile (P7)", async () => {
    const { open } = createTestHub({ limits: LIMITS });
    const [fast, other] = [open(), open()];
    expect(sendWhileRead(fast, 0, 100)).toBe(5);
    expect(sendWhileRead(other, 0, 4)).toBe(4);
    expect([fast.reading, other.reading]).toEqual([false, true]);
  });

  test("announcements and channels subscribed to count as well (P6)", () => {
    const { open } = createTestHub({ limits: LIMITS });
    const [teller, reader] = [open(), open()];
    const announce = { t: "announce", channel: "a", event: "e", payload: textPayload("x") } as const;
    let told = 0;
    for (; teller.reading && told < 100; told++) teller.send(announce);
    expect(told).toBe(5);
    reader.send({ t: "subscribe", channels: new Map(["a", "b", "c", "d", "e"].map((name) => [name, "now"])) });
    expect(reader.reading).toBe(false);
  });

  test("one that goes on to send though it is not read is closed, to come back later (P6, P11)", () => {
    const { audited, open, hub } = createTestHub({ limits: LIMITS });
    const link = open({}, { user: "ana" });
    for (let i = 0; i < 11; i++) link.send(publishFrame(`k${i}`, "a", "x"));
    expect(link.closedWith).toMatchObject({
      code: "rate-limited",
      message: expect.stringMatching(/faster than 10 in a second \(5 at once\); wait \d+ ms, or raise limits\.command/),
    });
    expect(hub.stats()).toMatchObject({ counters: { "links.closed.rate-limited": 1 } });
    expect(audited).toMatchObject([{ what: "refused", code: "rate-limited", user: "ana" }]);
  });

  test("is not taken for silent while it waits for its turn, and leaves no timer when it goes (P6)", async () => {
    const { open, clock, hub, settle } = createTestHub({
      limits: { commandsPerSecond: 1, commandBurst: 1 },
      pingMs: 1_000,
    });
    const link = open();
    link.send({ t: "subscribe", channels: new Map(Array.from({ length: 60 }, (_, i) => [`c${i}`, "now"])) });
    for (let i = 0; i < 50; i++) {
      clock.advance(SECOND_MS);
      await settle();
    }
    expect([link.reading, link.closedWith]).toEqual([false, undefined]);
    link.session.closed();
    expect(hub.stats().timers).toBe(0);
  });
});

describe("a user with many links", () => {
  test("has one rate for all of them; nobody else is slower (P6, P7)", async () => {
    const world = createTestHub({ limits: LIMITS });
    const links = Array.from({ length: 4 }, () => world.open({}, { user: "ana" }));
    const other = world.open({}, { user: "bo" });
    let sent = 0;
    for (let ms = 0; ms < 10 * SECOND_MS; ms += 50) {
      for (const link of links) if (link.reading) link.send(publishFrame(`k${sent++}`, "a", "x"));
      await world.settle();
      world.clock.advance(50);
    }
    expect(sent).toBeGreaterThan(90);
    expect(sent).toBeLessThan(120);
    expect(sendWhileRead(other, 0, 5)).toBe(5);
  });

  test("requests and links share it (P6)", () => {
    const { hub, open } = createTestHub({ limits: LIMITS });
    hub.spend({ client: "a", user: "ana" }, 5);
    const link = open({}, { user: "ana" });
    expect(sendWhileRead(link, 0, 100)).toBe(1);
  });
});

describe("links that are opened again and again", () => {
  const names = (count: number, from = "start") =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, from]));

  test("are refused once their user has asked for more than he may, with the time to come back; others are not (P6, P7, P11)", async () => {
    let reads = 0;
    const counting = (memory: Broker): Partial<Broker> => ({
      read(...asked) {
        reads++;
        return memory.read(...asked);
      },
    });
    const { open, clock, settle, publish, hub } = createTestHub({ limits: LIMITS, around: counting });
    for (const name of Object.keys(names(5))) await publish(name, "kept");
    let opened = 0;
    for (let ms = 0; ms < 10 * SECOND_MS; ms += 20) {
      try {
        const link = open(names(5), { user: "ana", client: `new-${ms}` });
        opened++;
        await settle();
        link.session.closed();
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "rate-limited", retry: true, details: { after: expect.any(Number) } });
      }
      clock.advance(20);
    }
    // Ten channels in a second, and twice a bucket to begin with.
    expect(opened).toBeLessThanOrEqual((10 * 10 + 2 * 5) / 5 + 1);
    expect(opened).toBeGreaterThan(18);
    expect(reads).toBeLessThanOrEqual(2 * 5 * opened);
    expect(hub.stats().counters["links.refused.rate-limited"]).toBe(500 - opened);
    expect(open(names(5), { user: "bo" }).read()).toContain("welcome");
  });

  test("without a user, or by a user whose other links send as fast as they may, are taken", async () => {
    const world = createTestHub({ limits: LIMITS });
    for (let i = 0; i < 50; i++) world.open(names(5, "now"), { client: "reloading" }).session.closed();
    const busy = world.open({}, { user: "ana" });
    for (let sent = 0, turn = 0; sent < 100; turn++) {
      sent = sendWhileRead(busy, sent, 100);
      if (turn % 10 === 0) world.open(names(1, "now"), { user: "ana" }).session.closed();
      await world.settle();
      world.clock.advance(200);
    }
    expect(world.hub.stats().counters["links.refused.rate-limited"]).toBeUndefined();
  });

  test("are all taken when a thousand of one user come back at once, and again 4 s later (P3)", async () => {
    const { open, clock, settle, hub } = createTestHub();
    for (let storm = 0; storm < 3; storm++) {
      const links = Array.from({ length: 1_000 }, () => open(names(20, "now"), { user: "screens" }));
      await settle();
      for (const { session } of links) session.closed();
      clock.advance(4 * SECOND_MS);
    }
    expect(hub.stats().counters).toMatchObject({ "links.opened": 3_000 });
  });
});

describe("requests", () => {
  const ana = { client: "ana", remote: "192.0.2.1" };

  test("beyond the rate are refused as a whole, with the time to come back, and then taken (P6, P11, P12)", () => {
    const { hub, clock } = createTestHub({ limits: LIMITS });
    hub.spend(ana, 20); // a batch is never too large for its turn
    const refused = { code: "rate-limited", retry: true, details: { after: 1_600 } };
    expect(() => hub.spend(ana, 3)).toThrow(expect.objectContaining(refused));
    clock.advance(1_599);
    expect(() => hub.spend(ana, 1)).toThrow("wait 1 ms, or raise limits.commandsPerSecond");
    clock.advance(1);
    hub.spend(ana, 1);
    expect(hub.stats().counters["commands.refused.rate-limited"]).toBe(4);
  });

  test("one client's do not use up those of another, nor those of somebody who takes its id (P7)", () => {
    const { hub } = createTestHub({ limits: LIMITS });
    hub.spend(ana, 20);
    hub.spend({ client: "bo", remote: "192.0.2.1" }, 1);
    hub.spend({ client: "ana", remote: "192.0.2.9" }, 1);
  });
});
