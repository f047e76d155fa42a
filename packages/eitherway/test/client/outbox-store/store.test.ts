/** What a client with a store says to its application, step by step. */
import { describe, expect, test } from "vitest";
import { describeEntry } from "../../../src/client/describe-entry.ts";
import { createOutbox } from "../../../src/client/outbox.ts";
import { clearOutbox, type OutboxDisk, openOutbox, openOutboxOn } from "../../../src/client/outbox-store/index.ts";
import { bytesPayload, jsonPayload, type PublishFrame, type WelcomeFrame } from "../../../src/protocol/index.ts";
import { createFakeClock, createMemoryOutboxDisk } from "../../../src/testing/index.ts";
import { createOutboxWorld } from "../outbox-world.ts";
import { createStage, idOf, outcome, WELCOME } from "../support.ts";

const clock = createFakeClock();

/** An outbox on a page of the disk, with a log of what happens to each key, on disk and on the wire. */
async function openBox(disk: OutboxDisk) {
  const log: string[] = [];
  const watched: OutboxDisk = {
    ...disk,
    async write(box, batch) {
      const gone = await disk.write(box, batch);
      for (const { counter, sentAt } of batch.add) log.push(`add ${counter}${sentAt === undefined ? "" : " sent"}`);
      for (const { counter, sentAt } of batch.mark)
        log.push(`mark ${counter} ${sentAt === undefined ? "unsent" : "sent"}`);
      for (const counter of batch.remove) log.push(`remove ${counter}`);
      return gone;
    },
  };
  const store = await openOutboxOn({ disk: watched, createClientId: () => "c1" });
  const outcomes: string[] = [];
  const broken: string[] = [];
  const outbox = createOutbox({
    clock,
    random: () => 0.5,
    client: store.clientId,
    commands: 100,
    bytes: 100_000,
    keep: (kept) =>
      store.keep(kept, {
        clock,
        outcome: ({ key, id, error }) => outcomes.push(`${key} ${error?.code ?? id}`),
        broken: ({ code }) => broken.push(code),
      }),
    changed() {},
    stuck() {},
  });
  return {
    outbox,
    store,
    outcomes,
    broken,
    log: () => log.splice(0),
    publish: (channel: string, payload: PublishFrame["payload"] = jsonPayload("x")) =>
      outcome(outbox.submit({ t: "publish", channel, event: "message", payload }, undefined, undefined)),
    attach: (welcome: Partial<WelcomeFrame> = {}) =>
      outbox.attach(({ frame }) => log.push(`send ${frame.key}`), { ...WELCOME, ...welcome }),
    ok: (key: string, seq = 1) => outbox.answer({ t: "ok", key, id: idOf(seq) }),
  };
}

describe("the outbox with a store", () => {
  test("costs one write before the sending and one after the answer, and a burst shares them", async () => {
    const box = await openBox(createMemoryOutboxDisk().page().disk);
    box.attach();
    box.publish("a");
    box.publish("a");
    box.publish("b");
    expect(box.log()).toEqual([]); // not before it is on disk
    await clock.settle();
    expect(box.log()).toEqual(["add 1 sent", "add 2 sent", "add 3 sent", "send c1.1", "send c1.2", "send c1.3"]);
    box.ok("c1.1");
    box.ok("c1.2");
    box.ok("c1.3");
    await clock.settle();
    expect(box.log()).toEqual(["remove 1", "remove 2", "remove 3"]);
    await box.outbox.close();
  });

  test("says on disk that a command may have been sent before it is, and takes it back where it was not (P5)", async () => {
    const box = await openBox(createMemoryOutboxDisk().page().disk);
    box.publish("a");
    await clock.settle();
    expect(box.log()).toEqual(["add 1"]);
    box.attach();
    box.outbox.detach(); // before the disk could say so
    await clock.settle();
    expect(box.log()).toEqual([]);
    box.attach();
    await clock.settle();
    expect(box.log()).toEqual(["mark 1 sent", "send c1.1"]);
    box.outbox.answer({ t: "error", key: "c1.1", code: "unavailable", message: "" }); // not applied: known again
    await clock.settle();
    expect(box.log()).toEqual(["mark 1 unsent"]);
    clock.advance(1_000);
    await clock.settle();
    expect(box.log()).toEqual(["mark 1 sent", "send c1.1"]);
    box.outbox.detach(); // this one may have arrived
    await clock.settle();
    expect(box.log()).toEqual([]);
    await box.outbox.close();
  });

  test("keeps no calls, since nobody would be there for the answer, and sends them in order with what it keeps (P5)", async () => {
    const box = await openBox(createMemoryOutboxDisk().page().disk);
    const call = () => {
      const draft = { t: "call", channel: "a", name: "send", payload: jsonPayload(1) } as const;
      return outcome(box.outbox.submit(draft, undefined, undefined));
    };
    const answers = [call(), box.publish("a"), call()];
    box.attach();
    await clock.settle();
    expect(box.log()).toEqual(["send c1.1", "add 2 sent", "send c1.2", "send c1.3"]);
    box.outbox.answer({ t: "error", key: "c1.1", code: "unknown-call", message: "" });
    box.ok("c1.2", 2);
    await clock.settle();
    expect(box.log()).toEqual(["remove 2"]);
    await box.outbox.close();
    await clock.settle();
    expect(answers.map(({ now }) => now)).toEqual(["unknown-call", idOf(2), "outcome-unknown"]);
  });

  test("counts on where no earlier page has counted, and sends what they left first (P5)", async () => {
    const disk = createMemoryOutboxDisk();
    const page = disk.page();
    const first = await openBox(page.disk);
    for (let i = 0; i < 3; i++) first.publish("a");
    await first.outbox.ready();
    page.kill();
    const second = await openBox(disk.page().disk);
    const late = second.publish("a");
    second.attach();
    await clock.settle();
    expect(second.log().filter((line) => line.startsWith("send"))).toEqual([
      "send c1.1",
      "send c1.2",
      "send c1.3",
      "send c1.1000000001",
    ]);
    for (const n of [1, 2, 3]) second.ok(`c1.${n}`, n);
    second.ok("c1.1000000001", 4);
    await clock.settle();
    expect(second.outcomes).toEqual([1, 2, 3].map((n) => `c1.${n} ${idOf(n)}`));
    expect([late.now, disk.boxes.size]).toEqual([idOf(4), 0]);
    await second.outbox.close();
  });

  test("takes a wall clock that was set back for one that says nothing (P5)", async () => {
    const disk = createMemoryOutboxDisk();
    const page = disk.page();
    const first = await openBox(page.disk);
    first.attach();
    first.publish("a");
    await clock.settle();
    page.kill();
    clock.stepWall(-3_600_000);
    const second = await openBox(disk.page().disk);
    second.attach();
    await clock.settle();
    expect(second.outcomes).toEqual(["c1.1 outcome-unknown"]);
    await second.outbox.close();
  });

  test("keeps payloads of every kind as they are", async () => {
    const disk = createMemoryOutboxDisk();
    const page = disk.page();
    const first = await openBox(page.disk);
    first.publish("a", bytesPayload(new Uint8Array([0, 255, 10])));
    first.publish("a", { kind: "text", data: "ü\u0000\n" });
    first.publish("a", jsonPayload({ a: [1, "x"] }));
    await first.outbox.ready();
    page.kill();
    const { outbox } = await openBox(disk.page().disk);
    expect(
      outbox
        .entries()
        .map(describeEntry)
        .map((left) => [left?.kind, left?.data]),
    ).toEqual([
      ["bytes", new Uint8Array([0, 255, 10])],
      ["text", "ü\u0000\n"],
      ["json", { a: [1, "x"] }],
    ]);
    await outbox.close();
  });

  test("takes back what was given up, and keeps nothing of what came and went within a turn", async () => {
    const disk = createMemoryOutboxDisk();
    const box = await openBox(disk.page().disk);
    const give = new AbortController();
    const draft = { t: "publish" as const, channel: "a", event: "message", payload: jsonPayload(1) };
    const one = outcome(box.outbox.submit(draft, undefined, give.signal));
    give.abort(new Error("enough"));
    await clock.settle();
    expect([one.now, box.log(), disk.boxes.size]).toEqual(["Error: enough", [], 0]);
    await box.outbox.close();
  });

  test("when closed leaves what is unanswered to the next page, and gives the box free (P5)", async () => {
    const disk = createMemoryOutboxDisk();
    const first = await openBox(disk.page().disk);
    first.attach();
    const sent = first.publish("a");
    await clock.settle();
    first.outbox.detach();
    const waiting = first.publish("a");
    await first.outbox.close();
    expect([sent.now, waiting.now]).toEqual(["outcome-unknown", "closed"]);
    const { outbox, store } = await openBox(disk.page().disk);
    expect([
      store.clientId,
      outbox
        .entries()
        .map(describeEntry)
        .map((left) => left?.sent),
    ]).toEqual(["c1", [true, false]]);
    await outbox.close();
  });

  test("closed while the disk writes has no room for who waits for it", async () => {
    const { outbox, publish } = await openBox(createMemoryOutboxDisk().page().disk);
    publish("a");
    const ready = outcome(outbox.ready());
    await outbox.close();
    await clock.settle();
    expect(ready.now).toBe("closed");
  });

  describe("when the disk fails", () => {
    test("refuses what has no space, and everything else goes on (P12)", async () => {
      const disk = createMemoryOutboxDisk();
      const box = await openBox(disk.page().disk);
      const first = box.publish("a");
      await clock.settle();
      disk.fails = "adding";
      const second = box.publish("a");
      box.attach();
      await clock.settle();
      expect([first.now, second.now]).toEqual(["pending", "storage-full"]);
      expect(box.log()).toEqual(["add 1", "mark 1 sent", "send c1.1"]);
      disk.fails = "nothing";
      box.publish("a");
      await clock.settle();
      expect(box.log()).toEqual(["add 3 sent", "send c1.3"]);
      expect(box.broken).toEqual([]);
      await box.outbox.close();
    });

    test("says so once and goes on in memory, but sends nothing that a later page might send again (P5)", async () => {
      const disk = createMemoryOutboxDisk();
      const box = await openBox(disk.page().disk);
      const stuck = box.publish("a");
      await clock.settle();
      disk.fails = "everything";
      const [next, other] = [box.publish("a"), box.publish("b")];
      box.attach();
      await clock.settle();
      expect(stuck.now).toBe("outcome-unknown");
      expect(box.log()).toEqual(["add 1", "send c1.2", "send c1.3"]);
      box.ok("c1.2", 2);
      box.ok("c1.3", 3);
      box.publish("a");
      await clock.settle();
      expect([next.now, other.now, box.log(), box.broken]).toEqual([idOf(2), idOf(3), ["send c1.4"], ["unavailable"]]);
      await box.outbox.ready();
      await box.outbox.close();
    });

    test("tells the client's error listeners, and the status keeps it (P11)", async () => {
      const world = createOutboxWorld();
      const { client, errors } = await world.open();
      world.disk.fails = "everything";
      const { id } = await Promise.all([client.channel("a").publish("x"), world.pass(2_000)]).then(
        ([receipt]) => receipt,
      );
      expect(id).toMatch(/1$/);
      expect([errors, client.status.lastError?.code]).toEqual([["unavailable"], "unavailable"]);
    });
  });

  test("says that a command was thrown away from under it, and never sends it", async () => {
    const disk = createMemoryOutboxDisk();
    const box = await openBox(disk.page().disk);
    const one = box.publish("a");
    await clock.settle();
    await disk.page().disk.write("c1", { opening: 1, add: [], mark: [], remove: [1], empties: true });
    box.attach();
    await clock.settle();
    expect([one.now, box.log().filter((line) => line.startsWith("send"))]).toEqual(["closed", []]);
    await box.outbox.close();
  });
});

describe("a client with a store", () => {
  test("has the store's client id, so a second one is refused, as is a second client (P12)", async () => {
    const open = () => openOutboxOn({ disk: createMemoryOutboxDisk().page().disk, createClientId: () => "c9" });
    const store = await open();
    expect(() => createStage({ clientId: "mine", outbox: { store } })).toThrow(/clientId is "mine"/);
    const { client } = createStage({ outbox: { store } });
    expect(client.id).toBe("c9");
    expect(() => createStage({ outbox: { store } })).toThrow(/belongs to a client already/);
  });

  test("connects by itself for what was left, and reports a failure that nobody listens for as an error", async () => {
    const disk = createMemoryOutboxDisk();
    const open = () => openOutboxOn({ disk: disk.page().disk, createClientId: () => "c9" });
    const first = createStage({ outbox: { store: await open() }, onLink: () => {} });
    const lost = outcome(first.client.channel("a").publish(1));
    await first.settle();
    await first.client.close();
    expect(lost.now).toBe("closed");
    const second = createStage({ outbox: { store: await open() } });
    const errors: unknown[] = [];
    second.client.on("error", (error, { channel }) => errors.push([(error as { code?: string }).code, channel]));
    await second.settle();
    expect(second.link.keys).toEqual(["c9.1"]);
    second.link.say({ t: "error", key: "c9.1", code: "key-reused", message: "" });
    await second.settle();
    expect([errors, second.client.pending(), disk.boxes.size]).toEqual([[["key-reused", "a"]], [], 0]);
  });

  test("a store that no client took gives its box to the next page", async () => {
    const disk = createMemoryOutboxDisk();
    const page = disk.page();
    const box = await openBox(page.disk);
    box.publish("a");
    await box.outbox.ready();
    page.kill();
    const unused = await openOutboxOn({ disk: disk.page().disk, createClientId: () => "c2" });
    expect(unused.clientId).toBe("c1");
    expect((await openOutboxOn({ disk: disk.page().disk, createClientId: () => "c3" })).clientId).toBe("c3");
    await unused.close();
    expect((await openOutboxOn({ disk: disk.page().disk, createClientId: () => "c4" })).clientId).toBe("c1");
  });

  test("rather takes the box that was its tab's own, so that each tab goes on in its order (P5)", async () => {
    const disk = createMemoryOutboxDisk();
    const pages = [disk.page(), disk.page()];
    for (const [n, page] of pages.entries()) {
      const store = await openOutboxOn({ disk: page.disk, createClientId: () => `c${n + 1}` });
      const keeper = store.keep(
        { restore() {}, entries: () => [], giveUp() {}, pump() {} },
        { clock, outcome() {}, broken() {} },
      );
      keeper.add(keeper.nextCounter(), { t: "publish", key: "k", channel: "a", event: "e", payload: jsonPayload(n) });
      await keeper.settled();
    }
    for (const page of pages) page.kill();
    const tab = { recall: () => "c2", remember() {} };
    const { clientId } = await openOutboxOn({ disk: disk.page().disk, createClientId: () => "c3", tab });
    expect(clientId).toBe("c2");
  });
});

describe("where there is no IndexedDB", () => {
  test("opening an outbox says so, and there is nothing to clear (P12)", async () => {
    await expect(openOutbox()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("needs IndexedDB") as unknown,
    });
    await clearOutbox();
    await expect(openOutbox({ name: 7 as unknown as string })).rejects.toMatchObject({ code: "bad-request" });
  });
});
