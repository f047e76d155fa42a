/** Many tabs, one connection: what each of them sees, whatever becomes of the hub. */
import { describe, expect, test } from "vitest";
import { openOutboxOn } from "../../../src/client/outbox-store/index.ts";
import { createMemoryOutboxDisk } from "../../../src/testing/index.ts";
import { createTabWorld, numbered, type Tab, type TabWorld, watch } from "./support.ts";

const SHARED = "shared";

/** Long enough for a hub to be missed and for another way to be found. */
const TAKEOVER_MS = 5_000;

function openTabs(world: TabWorld, count: number): Tab[] {
  return Array.from({ length: count }, () => world.openTab());
}

const transportsOf = (tabs: readonly Tab[]) => tabs.map(({ client }) => client.status.transport);

describe("tabs that share", () => {
  test("have one stream together, and each sees what it would alone (P1, P2)", async () => {
    const world = createTabWorld();
    await world.publish("room", 20);
    const [first, second, third] = [world.openTab(), world.openTab(), world.openTab()];
    const fromStart = watch(first.client, "room", "start");
    await world.pass(200);
    const fromNow = watch(second.client, "room");
    const late = watch(third.client, "room", "start");
    await world.pass(200);
    await world.publish("room", 10);
    expect(world.open).toEqual(["stream"]);
    expect(world.requests).toEqual({ stream: 1 }); // what the second and third wanted was in the ring
    expect(transportsOf([first, second, third])).toEqual([SHARED, SHARED, SHARED]);
    expect(fromStart.seen).toEqual(numbered(1, 30));
    expect(late.seen).toEqual(numbered(1, 30));
    expect(fromNow.seen).toEqual(numbered(21, 30));
  });

  test("go back together for one that is further behind than the ring, and no other one notices (P2)", async () => {
    const world = createTabWorld();
    await world.publish("room", 400);
    const ahead = world.openTab();
    const live = watch(ahead.client, "room");
    await world.pass(200);
    await world.publish("room", 10);
    const behind = world.openTab();
    const all = watch(behind.client, "room", "start");
    await world.pass(200);
    await world.publish("room", 10);
    expect(all.seen).toEqual(numbered(1, 420));
    expect(live.seen).toEqual(numbered(401, 420));
    const runs = ahead.heard.filter((message) => message.t === "frame" && message.frame.t === "messages");
    expect(runs.length).toBeLessThanOrEqual(20); // not what the other one came for
    expect(world.open).toEqual(["stream"]);
  });

  test("hear of a gap only where they have one: who is up to date gets none (P2)", async () => {
    const world = createTabWorld({ retention: { messages: 50 } });
    await world.publish("room", 10);
    const sleeper = world.openTab();
    const slept = watch(sleeper.client, "room", "start");
    await world.pass(200);
    sleeper.freeze();
    const other = world.openTab();
    const awake = watch(other.client, "room", "start");
    await world.pass(200);
    for (let i = 0; i < 10; i++) await world.publish("room", 40); // more than the ring and the log keep
    const saved = sleeper.client.channel("room").cursor;
    const third = world.openTab();
    const resumed: string[] = [];
    const room = third.client.channel("room", { from: saved });
    room.on("message", (data) => void resumed.push(String(data)));
    room.on("gap", ({ why }) => void resumed.push(`gap ${why}`));
    await world.pass(300);
    await world.publish("room", 5);
    expect(slept.seen).toEqual(numbered(1, 10));
    expect(awake.seen).toEqual(numbered(1, 415));
    expect(awake.faults).toEqual([]);
    expect(resumed).toEqual(["gap trimmed", ...numbered(411, 415)]);
  });

  test("publish by themselves, once and in order, with the client id of each (P5)", async () => {
    const world = createTabWorld();
    const [one, other] = [world.openTab(), world.openTab()];
    const seen: string[] = [];
    one.client.channel("room").on("message", (data) => void seen.push(String(data)));
    await world.pass(200);
    const receipts = Promise.all(
      [one, other].flatMap(({ client }) => ["a", "b"].map((word) => client.channel("room").publish(client.id + word))),
    );
    await world.pass(200);
    expect((await receipts).length).toBe(4);
    for (const { client } of [one, other]) {
      expect(seen.filter((data) => data.startsWith(client.id))).toEqual([`${client.id}a`, `${client.id}b`]);
    }
  });

  test("of different users, or with different tokens, have nothing in common", async () => {
    const world = createTabWorld();
    const tabs = [
      world.openTab({ user: "ana", token: "1" }),
      world.openTab({ user: "ana", token: "2" }),
      world.openTab({ user: "bo", token: "3" }),
      world.openTab({ token: "4" }),
      world.openTab({ token: "5" }),
      world.openTab({ token: "5" }),
      world.openTab(),
    ];
    for (const { client } of tabs) watch(client, "room");
    await world.pass(300);
    expect(transportsOf(tabs)).toEqual(tabs.map(() => SHARED));
    expect(world.open.length).toBe(5); // ana, bo, 4, 5, nobody
  });

  test("bring a new token before theirs is over, and miss nothing (P2, P9)", async () => {
    let issued = 0;
    const tokens: string[] = [];
    const world = createTabWorld({
      auth({ token = "" }) {
        tokens.push(token);
        const [, issuedAt = "0"] = token.split(" at ");
        return { user: "ana", expiresAt: Number(issuedAt) + 60_000 };
      },
    });
    const newToken = () => `${++issued} at ${world.clock.wall()}`;
    const tabs = [world.openTab({ user: "ana", token: newToken }), world.openTab({ user: "ana", token: newToken })];
    const seen = tabs.map(({ client }) => watch(client, "room"));
    await world.pass(200);
    for (let i = 0; i < 20; i++) {
      await world.publish("room", 1);
      await world.pass(10_000);
    }
    for (const messages of seen) expect(messages.seen).toEqual(numbered(1, 20));
    expect(new Set(tokens).size).toBeGreaterThan(5);
    expect(transportsOf(tabs)).toEqual([SHARED, SHARED]);
    for (const { client } of tabs) expect(client.status.state).toBe("open");
  });

  test("leave no stream behind when the last one is closed; a reload finds it open", async () => {
    const world = createTabWorld();
    const first = world.openTab();
    watch(first.client, "room");
    await world.pass(200);
    first.close();
    await world.pass(1_000);
    const second = world.openTab();
    watch(second.client, "room");
    await world.pass(200);
    expect(world.requests).toEqual({ stream: 1 });
    second.close();
    await world.pass(3_000);
    expect(world.open).toEqual([]);
  });

  test("may leave a channel and take it up again: nothing of the first time comes with the second (P2)", async () => {
    const world = createTabWorld();
    const tab = world.openTab();
    const first = watch(tab.client, "room");
    await world.pass(200);
    first.stop();
    await world.publish("room", 3);
    const second = watch(tab.client, "room"); // before the subscription has ended: it goes on where the listener left
    await world.pass(200);
    const before = tab.heard.length;
    await world.publish("room", 1);
    expect(second.seen).toEqual(numbered(1, 4));
    expect(tab.heard.slice(before).map(({ t }) => t)).toEqual(["frame"]);
  });

  test("a channel that is refused fails in the tab that wanted it, and nowhere else (P12)", async () => {
    const world = createTabWorld({ limits: { subscriptions: 1 } });
    const [one, other] = [world.openTab(), world.openTab()];
    const room = watch(one.client, "room");
    await world.pass(200);
    const errors: string[] = [];
    const second = other.client.channel("other");
    other.client.on("error", () => {});
    second.on("error", ({ code }) => void errors.push(code));
    second.on("message", () => {});
    await world.pass(200);
    await world.publish("room", 3);
    expect(errors).toEqual(["too-many-subscriptions"]);
    expect(room.seen).toEqual(numbered(1, 3));
  });
});

describe("a hub", () => {
  test("that dies without a word is missed within three beats; the tabs find another one and lose nothing (P2, P3)", async () => {
    const world = createTabWorld();
    const tabs = openTabs(world, 4);
    const watched = tabs.map(({ client }) => watch(client, "room", "start"));
    await world.pass(200);
    await world.publish("room", 5);
    world.killHub();
    await world.publish("room", 5);
    await world.pass(TAKEOVER_MS);
    await world.publish("room", 5);
    for (const { seen, faults } of watched) expect([seen, faults]).toEqual([numbered(1, 15), []]);
    expect(transportsOf(tabs)).toEqual(tabs.map(() => SHARED));
    expect(world.open).toEqual(["stream"]);
  });

  test("whose timers stand still is given up, though it takes messages, as a frozen page may (P2, P3)", async () => {
    const world = createTabWorld();
    const tabs = openTabs(world, 2);
    const watched = tabs.map(({ client }) => watch(client, "room", "start"));
    await world.pass(200);
    world.freezeHub();
    await world.publish("room", 5);
    await world.pass(TAKEOVER_MS);
    for (const { seen, faults } of watched) expect([seen, faults]).toEqual([numbered(1, 5), []]);
    expect(transportsOf(tabs)).toEqual(tabs.map(() => SHARED));
  });

  test("that nobody finds is done without: every tab goes on by itself (P3)", async () => {
    const world = createTabWorld();
    const tab = world.openTab({ ways: 0, transport: [SHARED, "sse"] });
    const { seen } = watch(tab.client, "room");
    await world.pass(300);
    await world.publish("room", 2);
    expect(tab.client.status.transport).toBe("sse");
    expect(seen).toEqual(numbered(1, 2));
  });

  test("without a connection has no open tabs: they say that they wait, and come back with it (P3, P11)", async () => {
    const world = createTabWorld();
    const tabs = openTabs(world, 3);
    const watched = tabs.map(({ client }) => watch(client, "room", "start"));
    await world.pass(11_000); // long enough to be the transport that worked the last time
    world.setNetwork(false);
    await world.pass(100);
    expect(tabs.map(({ client }) => client.status.state)).not.toContain("open");
    await world.publish("room", 3);
    await world.pass(10_000);
    expect(tabs[0]?.client.status.lastError?.message).toMatch(/^the hub has no connection: /);
    expect(Object.keys(world.requests)).toEqual(["stream", "poll"]);
    world.setNetwork(true);
    await world.pass(30_000);
    expect(transportsOf(tabs)).toEqual(tabs.map(() => SHARED));
    expect(world.open).toEqual(["stream"]);
    for (const { seen, faults } of watched) expect([seen, faults]).toEqual([numbered(1, 3), []]);
  });

  test("hears from any tab that the device woke up, and tries at once", async () => {
    const world = createTabWorld();
    const tab = world.openTab();
    watch(tab.client, "room");
    await world.pass(11_000);
    world.setNetwork(false);
    await world.pass(40_000);
    world.setNetwork(true);
    tab.wake();
    await world.pass(1_500);
    expect(tab.client.status).toMatchObject({ state: "open" });
  });

  test("forgets a tab that is frozen, and keeps no more for it than it would for a while (P6)", async () => {
    const world = createTabWorld();
    const [frozen, other] = [world.openTab(), world.openTab()];
    watch(frozen.client, "alone");
    const { faults } = watch(other.client, "room");
    await world.pass(200);
    frozen.freeze();
    await world.pass(300_000);
    await world.publish("room", 1);
    expect(faults).toEqual([]);
    // Nobody wants the channel of the frozen tab any more.
    expect(world.subscriptions).toBe(1);
  });

  test("share where it is of no use only when they are told to and have nothing else", async () => {
    const world = createTabWorld();
    const order = [undefined, ["shared", "poll"], "shared"] as const;
    const tabs = order.map((transport) => world.openTab({ useful: false, ...(transport && { transport }) }));
    for (const { client } of tabs) watch(client, "room");
    await world.pass(1_000);
    expect(transportsOf(tabs)).toEqual(["sse", "poll", SHARED]);
  });

  test("stay together when the connection breaks again and again (P6)", async () => {
    const world = createTabWorld();
    const tabs = openTabs(world, 8);
    for (const { client } of tabs) watch(client, "room");
    await world.pass(11_000);
    for (let i = 0; i < 3; i++) {
      world.cutAll();
      await world.pass(4_000);
    }
    expect(world.open).toHaveLength(1);
    expect(transportsOf(tabs)).toEqual(tabs.map(() => SHARED));
  });

  test.each([
    ["at first", 0],
    ["after it was open", 11_000],
  ])("ask no sooner than a server wants that said so to the hub %s (P11)", async (_when, openMs) => {
    const world = createTabWorld();
    if (openMs === 0) world.setBusy(120);
    const tabs = openTabs(world, 4);
    for (const { client } of tabs) watch(client, "room");
    await world.pass(openMs);
    const before = openMs === 0 ? 0 : world.asked;
    world.setBusy(120);
    world.cutAll();
    await world.pass(119_000);
    expect(world.asked - before).toBe(1);
    world.setBusy(undefined);
    await world.pass(30_000);
    expect(transportsOf(tabs)).toEqual(tabs.map(() => SHARED));
  });

  test.each([["auto"], [["shared", "sse", "poll"]], ["shared"]] as const)(
    "send what a closed tab left, when transport is %s (P4, P5)",
    async (transport) => {
      const world = createTabWorld();
      const disk = createMemoryOutboxDisk();
      const [one, other] = [disk.page(), disk.page()];
      let ids = 0;
      const open = ({ disk }: typeof one) => openOutboxOn({ disk, createClientId: () => `box${++ids}` });
      world.setNetwork(false);
      const [left, own] = [await open(one), await open(other)];
      const closed = world.openTab({ transport, outbox: { store: left } });
      closed.client
        .channel("room")
        .publish("m1", { kind: "text" })
        .catch(() => {});
      await world.pass(1_000);
      one.kill();
      closed.freeze();
      world.setNetwork(true);
      const tab = world.openTab({ transport, outbox: { store: own } });
      const { seen } = watch(tab.client, "room", "start");
      await world.pass(60_000);
      expect([seen.length, [...disk.boxes.values()].flat()]).toEqual([1, []]);
    },
  );
});
