/** Presence over links: who holds a lease, what subscribers of joins and leaves get, and what is refused. */
import { describe, expect, test } from "vitest";
import type { Broker } from "../../src/core/index.ts";
import type { ClientFrame } from "../../src/protocol/index.ts";
import { EitherwayError } from "../../src/protocol/index.ts";
import { createTestHub, type TestHub } from "./support.ts";

const LOG = "@presence/room";
const LEASE_MS = 10_000;

describe("a presence command", () => {
  test("enters, changes and leaves; who listens gets the members, then each change (P8)", async () => {
    const { open, settle } = createTestHub();
    const ana = open({}, { client: "ana" });
    const reader = open({ [LOG]: "now" });
    await settle();
    expect(reader.read()).toEqual(["welcome", `presence ${LOG} `, `live ${LOG}`]);
    ana.send(set("ana.1", { at: 1 }));
    ana.send(set("ana.2", { at: 2 }));
    await settle();
    expect(ana.read()).toEqual(["welcome", "ok ana.1", "ok ana.2"]);
    expect(eventsOf(reader.readFrames())).toEqual([
      'join {"member":"ana","state":{"at":1}}',
      'update {"member":"ana","state":{"at":2}}',
    ]);
    ana.send(leave("ana.3"));
    await settle();
    expect(eventsOf(reader.readFrames())).toEqual(['leave {"member":"ana"}']);
  });

  test("makes a member of the user where there is one, over all of that one's clients (P8)", async () => {
    const { open, hub, settle } = createTestHub();
    for (const client of ["phone", "laptop"]) open({}, { client, user: "ana" }).send(set(`${client}.1`, client));
    await settle();
    expect((await hub.presence.list("room")).members).toEqual([{ member: "ana", state: '"laptop"' }]);
  });

  test("does not count for another user's client of the same name: it neither leaves nor holds for that one (P7)", async () => {
    const { open, hub, clock, settle } = createTestHub();
    const ana = open({}, { client: "c", user: "ana" });
    ana.send(set("c.1", 1));
    await settle();
    const eve = open({}, { client: "c", user: "eve", present: true });
    eve.send(leave("c.1"));
    await settle();
    expect((await hub.presence.list("room")).members).toHaveLength(1);
    ana.session.closed();
    await pass(clock, LEASE_MS + 500);
    expect((await hub.presence.list("room")).members).toEqual([]);
  });

  test("that is refused says why and is counted; what comes behind it goes on (P6, P12)", async () => {
    const { open, hub, settle } = createTestHub({ limits: { presenceBytes: 20, presenceMembers: 1 } });
    const link = open({}, { client: "ana" });
    link.send(set("ana.1", "x".repeat(19)));
    link.send(set("ana.2", "fits"));
    await settle();
    expect(link.read()).toEqual(["welcome", "error ana.1 too-large", "ok ana.2"]);
    const other = open({}, { client: "bo" });
    other.send(set("bo.1", 1));
    await settle();
    expect(other.read()).toEqual(["welcome", "error bo.1 too-many-members"]);
    expect(hub.stats().counters).toMatchObject({
      "presence.refused.too-large": 1,
      "presence.refused.too-many-members": 1,
      "presence.joins": 1,
    });
  });

  test("is asked of the rules: what they make of a state is what is kept, and they may refuse it (P12)", async () => {
    const { open, hub, settle } = createTestHub({
      rules: {
        admit: (_channel, _event, payload) => ({ payload, delivery: { class: "reliable" } }),
        checkChannel() {},
        async presence(channel, state) {
          if (channel !== "room") throw new EitherwayError("unknown-channel", `There is no ${channel}.`);
          return JSON.stringify({ name: (JSON.parse(state) as { name: string }).name });
        },
      },
    });
    const link = open({}, { client: "ana" });
    link.send(set("ana.1", { name: "Ana", more: true }));
    link.send({ ...set("ana.2", { name: "Ana" }), channel: "elsewhere" });
    await settle();
    expect(link.read()).toEqual(["welcome", "ok ana.1", "error ana.2 unknown-channel"]);
    expect((await hub.presence.list("room")).members).toEqual([{ member: "ana", state: '{"name":"Ana"}' }]);
  });

  test("of a broker without presence is bad-request (P12)", async () => {
    const { open, settle } = createTestHub({ around: () => ({ presence: undefined }) as unknown as Partial<Broker> });
    const link = open({}, { client: "ana" });
    link.send(set("ana.1", 1));
    await settle();
    expect(link.read()).toEqual(["welcome", "error ana.1 bad-request"]);
  });
});

describe("a lease", () => {
  test("goes on while a link lives that made a presence command, or whose hello says present (P8)", async () => {
    const hub = createTestHub();
    const first = hub.open({}, { client: "ana", heartbeat: "ping" });
    first.send(set("ana.1", 1));
    await pass(hub.clock, 10 * LEASE_MS);
    expect(await membersOf(hub)).toEqual(["ana"]);
    const second = hub.open({}, { client: "ana", present: true, heartbeat: "ping" });
    first.session.closed();
    await pass(hub.clock, 10 * LEASE_MS);
    expect(await membersOf(hub)).toEqual(["ana"]);
    second.session.closed();
    await pass(hub.clock, LEASE_MS + 500);
    expect(await membersOf(hub)).toEqual([]);
  });

  test("lasts 10 s from the end of the last link: a closed link is no leave, and who is back by then was never away (P8)", async () => {
    const hub = createTestHub();
    const reader = hub.open({ [LOG]: "now" }, { heartbeat: "ping" });
    await hub.settle();
    for (let n = 1; n <= 5; n++) {
      const link = hub.open({}, { client: "ana", present: true });
      link.send(set(`ana.${n}`, 1));
      await pass(hub.clock, 3_300);
      link.session.closed();
      await pass(hub.clock, LEASE_MS - 300);
    }
    expect(eventsOf(reader.readFrames())).toEqual(['join {"member":"ana","state":1}']);
    await pass(hub.clock, 1_000);
    expect(eventsOf(reader.readFrames())).toEqual(['leave {"member":"ana"}']);
  });

  test("is not held by a link that is only open (P8)", async () => {
    const hub = createTestHub();
    await hub.hub.presence.set("room", "1", { client: "ana" });
    hub.open({ [LOG]: "now" }, { client: "ana" });
    await pass(hub.clock, LEASE_MS + 500);
    expect(await membersOf(hub)).toEqual([]);
  });

  test("costs one timer for all links, and none when nobody holds any (P6)", async () => {
    const { hub, open, clock, settle } = createTestHub();
    const links = Array.from({ length: 50 }, (_, n) => open({}, { client: `c${n}`, heartbeat: "none", present: true }));
    await settle();
    expect(hub.stats().timers).toBe(1);
    for (const link of links) link.session.closed();
    await pass(clock, LEASE_MS);
    expect(hub.stats().timers).toBe(0);
  });

  test("is renewed again after a renewal that failed, which is counted and logged (P8, P11)", async () => {
    let broken = true;
    const test = createTestHub({
      around: ({ presence }) => ({
        presence: {
          ...(presence as NonNullable<typeof presence>),
          renew: async (...given) => {
            if (broken) throw new Error("not now");
            await presence?.renew(...given);
          },
        },
      }),
    });
    test.open({}, { client: "ana", heartbeat: "ping" }).send(set("ana.1", 1));
    await pass(test.clock, LEASE_MS / 2);
    broken = false;
    await pass(test.clock, 2 * LEASE_MS);
    expect(await membersOf(test)).toEqual(["ana"]);
    expect(test.hub.stats().counters["presence.renewals.failed"]).toBeGreaterThan(0);
    expect(test.errors[0]).toBe('leases were not renewed {"holders":1,"cause":"Error: not now"}');
  });

  test("is refused where the store fails, which is logged without what it says (P11, P12)", async () => {
    const test = createTestHub({
      around: ({ presence }) => ({
        presence: {
          ...(presence as NonNullable<typeof presence>),
          touch: () => Promise.reject(new TypeError("hunter2")),
        },
      }),
    });
    const link = test.open({}, { client: "ana" });
    await test.settle();
    link.read();
    link.send(set("ana.1", 1));
    await test.settle();
    expect(link.read()).toEqual(["error ana.1 internal"]);
    expect(test.errors).toEqual([expect.stringMatching(/^presence failed {"channel":"[^"]+","cause":"TypeError at /)]);
    expect(test.errors[0]).not.toContain("hunter2");
  });
});

describe("a subscriber of presence", () => {
  test("from start or now gets the members and stands at their id; with a good cursor it gets changes only (P3, P8)", async () => {
    const { open, hub, settle } = createTestHub();
    await hub.presence.set("room", "1", { client: "ana" });
    const [first, other] = [open({ [LOG]: "start" }), open({ [LOG]: "now" })];
    await settle();
    const [, snapshot, live] = first.readFrames();
    expect(snapshot).toMatchObject({ t: "presence", members: [{ member: "ana", state: 1 }] });
    expect(live).toMatchObject({ t: "live", id: (snapshot as { id: string }).id });
    expect(other.read()).toEqual(["welcome", `presence ${LOG} ana:1`, `live ${LOG}`]);
    await hub.presence.set("room", "1", { client: "bo" });
    const resumed = open({ [LOG]: (snapshot as { id: string }).id });
    await settle();
    expect(eventsOf(resumed.readFrames())).toEqual(['join {"member":"bo","state":1}']);
  });

  test("with a cursor that cannot be continued gets the members instead of a gap (P2, P8)", async () => {
    const { open, hub, settle } = createTestHub({ retention: { messages: 2 } });
    const reader = open({ [LOG]: "now" });
    await settle();
    const cursor = reader.readFrames().find(({ t }) => t === "live") as { id: string };
    for (const n of [1, 2, 3, 4]) await hub.presence.set("room", String(n), { client: "ana" });
    const late = open({ [LOG]: cursor.id });
    const stranger = open({ [LOG]: "0123456789ab-00000001" });
    await settle();
    for (const one of [late, stranger]) {
      expect(one.read()).toEqual(["welcome", `presence ${LOG} ana:4`, `live ${LOG}`]);
    }
    expect(hub.stats().counters).not.toHaveProperty("gaps.trimmed");
  });

  test("that reads too slowly gets the members once a drained buffer (P2, P6)", async () => {
    const { open, hub, settle, clock } = createTestHub({ retention: { messages: 2 } });
    const slow = open({ [LOG]: "now" }, { room: 4 });
    await settle();
    slow.read();
    for (let round = 1; round <= 3; round++) {
      for (let n = 1; n <= 5; n++) {
        await hub.presence.set("room", String(10 * round + n), { client: "ana" });
        await settle();
      }
      slow.readFrames();
      slow.drain(2);
      await pass(clock, 200);
      expect(slow.read()).toEqual([`presence ${LOG} ana:${10 * round + 5}`]);
    }
  });

  test("shares one encoding with all who get the same members (P6)", async () => {
    const { open, hub, settle } = createTestHub();
    await hub.presence.set("room", "1", { client: "ana" });
    const links = Array.from({ length: 20 }, (_, n) => open({ [LOG]: n % 2 === 0 ? "start" : "now" }));
    await settle();
    expect(new Set(links.map(({ writes }) => writes[1])).size).toBe(1);
    expect(hub.stats().counters["presence.snapshots"]).toBe(20);
  });
});

function set(key: string, state: unknown): ClientFrame & { t: "presence" } {
  return { t: "presence", key, channel: "room", state: JSON.stringify(state) };
}

function leave(key: string): ClientFrame {
  return { t: "presence", key, channel: "room" };
}

/** Lets time pass in steps in which renewals, which are promises, take effect. */
async function pass(clock: TestHub["clock"], ms: number): Promise<void> {
  const step = 100;
  for (let passed = 0; passed < ms; passed += step) {
    clock.advance(step);
    await clock.settle();
  }
}

async function membersOf({ hub }: TestHub): Promise<string[]> {
  return (await hub.presence.list("room")).members.map(({ member }) => member);
}

function eventsOf(frames: readonly { readonly t: string }[]): string[] {
  const runs = frames as readonly { t: string; messages?: readonly { event: string; data: unknown }[] }[];
  return runs.flatMap(({ messages = [] }) => messages.map(({ event, data }) => `${event} ${JSON.stringify(data)}`));
}
