/** Calls, presence, streams and volatile events of tabs that share: as over a link of one's own, whatever becomes of the hub. */
import { describe, expect, test } from "vitest";
import { OPEN_CLIENT } from "../../../src/client/seam.ts";
import { withContract } from "../../../src/server/index.ts";
import { app } from "../../contract/app.ts";
import { createTabWorld, type Tab, type TabWorld } from "./support.ts";

const ROOM = { id: "42" };

/** Longer than a hub may be away, and than a lease; two of them are shorter than a call may take. */
const LONG_MS = 13_000;

function createScene() {
  const world = createTabWorld({}, 1, app);
  /** What was started, and how it is answered. */
  const started: string[] = [];
  const answers = new Map<string, () => void>();
  const ew = withContract(app, world.server.eitherway, world.server);
  ew.channel("room", {
    calls: {
      send: ({ input: { text } }) => {
        started.push(text);
        return new Promise((resolve) => answers.set(text, () => resolve({ id: `of ${text}` })));
      },
    },
  });
  return {
    ...{ world, ew, started },
    answer: (text: string) => answers.get(text)?.(),
    openTab() {
      const tab = world.openTab();
      const client = app[OPEN_CLIENT].open(tab.seam);
      return { tab, client, room: client.channel("room", ROOM), job: client.channel("job", { id: "7" }) };
    },
    members: async () => (await ew.presence("room", ROOM)).members.map(({ member }) => member),
  };
}

/** What became of a promise so far. */
function outcomeOf(promise: Promise<unknown>): readonly unknown[] {
  const seen: unknown[] = [];
  promise.then(
    (value) => seen.push(value),
    ({ code }) => seen.push(code),
  );
  return seen;
}

/** In steps that are short against what pings and leases allow. */
async function passMinutes(world: TabWorld, minutes: number): Promise<void> {
  for (let seconds = 0; seconds < minutes * 60; seconds += 10) await world.pass(10_000);
}

const transportsOf = (tabs: readonly { readonly tab: Tab }[]) => tabs.map(({ tab }) => tab.client.status.transport);

describe("calls of tabs that share", () => {
  test("are answered to the tab that asked, and to no other one (P5)", async () => {
    const { world, started, answer, openTab } = createScene();
    const [one, other] = [openTab(), openTab()];
    await world.pass(200);
    const [asked, askedToo] = [one, other].map(({ room }, n) => outcomeOf(room.call.send({ text: `${n}` })));
    await world.pass(200);
    expect(started).toEqual(["0", "1"]);
    answer("1");
    await world.pass(LONG_MS);
    expect([asked, askedToo]).toEqual([[], [{ id: "of 1" }]]);
    answer("0");
    await world.pass(200);
    expect(asked).toEqual([{ id: "of 0" }]);
    expect(transportsOf([one, other])).toEqual(["shared", "shared"]);
  });

  test.each([
    ["says that it ends", (world: TabWorld) => world.closeHub()],
    ["dies without a word", (world: TabWorld) => world.killHub()],
    ["loses its connection, as its tabs do", (world: TabWorld) => world.cutAll()],
  ])("run on when the hub %s: started once, and answered (P3, P5)", async (_, end) => {
    const { world, started, answer, openTab } = createScene();
    const [one, other] = [openTab(), openTab()];
    for (const { room } of [one, other]) room.on("message", () => {});
    await world.pass(200);
    const asked = outcomeOf(one.room.call.send({ text: "early" }, { key: "order-991" }));
    await world.pass(200);
    end(world);
    const late = outcomeOf(one.room.call.send({ text: "late" }));
    await world.pass(LONG_MS);
    answer("early");
    answer("late");
    await world.pass(LONG_MS);
    expect([asked, late]).toEqual([[{ id: "of early" }], [{ id: "of late" }]]);
    expect(outcomeOf(other.room.call.send({ text: "early" }, { key: "order-991" }))).toEqual([]);
    await world.pass(200);
    expect(started).toEqual(["early", "late"]);
    expect(transportsOf([one, other])).toEqual(["shared", "shared"]);
    expect(world.open).toEqual(["stream"]);
  });
});

describe("presence of tabs that share", () => {
  test("shows all members to each, and each leaves for itself (P8)", async () => {
    const { world, openTab, members } = createScene();
    const tabs = [openTab(), openTab()];
    const seen = tabs.map(() => [] as string[]);
    for (const [n, { room }] of tabs.entries()) {
      room.presence.on((all) => void seen[n]?.push(all.map(({ state }) => state.name).join(" ")));
      void room.presence.set({ name: `${n}` });
    }
    await world.pass(200);
    expect(seen.map((states) => states.at(-1))).toEqual(["0 1", "0 1"]);
    void tabs[0]?.room.presence.leave();
    await world.pass(200);
    expect(seen.map((states) => states.at(-1))).toEqual(["1", "1"]);
    expect(await members()).toEqual([tabs[1]?.tab.client.id]);
    expect(world.open).toEqual(["stream"]);
  });

  test("lasts while a tab is hidden, whose timers run once a minute: the hub renews the lease (P8)", async () => {
    const { world, openTab, members } = createScene();
    const [hidden, other] = [openTab(), openTab()];
    const changes: number[] = [];
    other.room.presence.on((all) => void changes.push(all.length));
    await world.pass(200);
    void hidden.room.presence.set({ name: "ana" });
    await world.pass(200);
    hidden.tab.hide();
    await passMinutes(world, 3);
    expect(await members()).toEqual([hidden.tab.client.id]);
    expect(changes).toEqual([0, 1]);
    void hidden.room.presence.leave();
    await world.pass(200);
    expect(changes).toEqual([0, 1, 0]);
    await passMinutes(world, 1); // the hub has heard of it by then
    const requests = { ...world.requests };
    await world.pass(LONG_MS);
    expect(world.requests).toEqual(requests);
    expect(transportsOf([hidden, other])).toEqual(["shared", "shared"]);
  });

  test.each([
    ["is closed by the browser", ({ tab }: { readonly tab: Tab }) => tab.leavePage(), 15_000],
    ["crashes while somebody looks at it", ({ tab }: { readonly tab: Tab }) => tab.freeze(), 30_000],
  ])("of a tab that %s ends with its lease (P8)", async (_, end, ms) => {
    const { world, openTab, members } = createScene();
    const [gone, stays] = [openTab(), openTab()];
    for (const { room } of [gone, stays]) void room.presence.set({ name: "ana" });
    await world.pass(LONG_MS);
    expect(await members()).toEqual([gone.tab.client.id, stays.tab.client.id]);
    end(gone);
    await world.pass(5_000);
    expect(await members()).toHaveLength(2);
    await world.pass(ms - 5_000);
    expect(await members()).toEqual([stays.tab.client.id]);
  });

  test("outlives its hub: nobody sees anybody go (P3, P8)", async () => {
    const { world, openTab, ew } = createScene();
    const tabs = [openTab(), openTab()];
    for (const { room } of tabs) void room.presence.set({ name: "ana" });
    await world.pass(200);
    const { id } = await ew.presence("room", ROOM);
    for (const end of [world.killHub, world.closeHub, world.killHub]) {
      end();
      await world.pass(LONG_MS);
    }
    expect((await ew.presence("room", ROOM)).id).toBe(id);
    expect(transportsOf(tabs)).toEqual(["shared", "shared"]);
  });
});

describe("streams and volatile events of tabs that share", () => {
  test("a stream comes whole to each tab, whenever it begins to read and whatever becomes of the hub (P2, P3)", async () => {
    const { world, ew, openTab } = createScene();
    const texts = [openTab().job.stream("answer").text()];
    await world.pass(200);
    const answer = ew.stream("job", { id: "7" }, "answer");
    for (const [n, end] of [undefined, world.closeHub, world.killHub].entries()) {
      void answer.append(`piece ${n} `);
      await world.pass(200);
      texts.push(openTab().job.stream("answer").text());
      await world.pass(200);
      end?.();
      await world.pass(LONG_MS);
    }
    void answer.end();
    await world.pass(200);
    texts.push(openTab().job.stream("answer").text());
    await world.pass(200);
    expect(await Promise.all(texts)).toEqual(texts.map(() => "piece 0 piece 1 piece 2 "));
    expect(world.open).toEqual(["stream"]);
  });

  test("what is volatile reaches each tab that listens, once (P1)", async () => {
    const { world, openTab } = createScene();
    const tabs = [openTab(), openTab()];
    const heard: string[] = [];
    for (const [n, { room }] of tabs.entries()) room.on("typing", ({ who }) => void heard.push(`${n} ${who}`));
    await world.pass(200);
    for (const [n, { room }] of tabs.entries()) void room.publish("typing", { who: `tab ${n}` });
    await world.pass(200);
    expect(heard.toSorted()).toEqual(["0 tab 0", "0 tab 1", "1 tab 0", "1 tab 1"]);
  });
});
