import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { readHistory, type TransportName } from "../../../src/client/index.node.ts";
import {
  assertExactlyOnceInOrder,
  createHarness,
  type DeliveryMatchers,
  deliveryMatchers,
  type HarnessOptions,
} from "../../../src/testing/index.ts";
import { app, ROOM, texts } from "./app.ts";

expect.extend(deliveryMatchers);

declare module "vitest" {
  interface Matchers<T> extends DeliveryMatchers<T> {}
}

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];

function open(options?: HarnessOptions) {
  const harness = createHarness(app, options);
  onTestFinished(() => harness.close());
  return harness;
}

afterEach(() => void vi.useRealTimers());

describe.each(TRANSPORTS)("a harness over %s", (transport) => {
  test("delivers through random cuts exactly once and in order, and the seed says when they come (P2, P3, P5)", async () => {
    const harness = open({ seed: 7 });
    const ana = harness.client({ transport });
    const bo = harness.client({ transport });
    const heard = harness.collect(bo.channel("room", ROOM), "said");
    const own = harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    expect([ana.status.state, bo.status.transport]).toEqual(["open", transport]);
    const room = ana.channel("room", ROOM);
    const stop = harness.network().cutAtRandom("2s");
    const published: Promise<unknown>[] = [];
    for (const data of texts(40)) {
      published.push(room.publish("said", data));
      await harness.advance("500ms");
    }
    stop();
    await harness.until(Promise.all(published));
    await harness.advance("10s");
    expect(ana.status.links + bo.status.links).toBeGreaterThan(10);
    expect(heard).toReceiveExactlyOnceInOrder(texts(40));
    expect(own).toReceiveExactlyOnceInOrder(texts(40));
  });

  test("has the server's calls, presence, streams, volatile events and history", async () => {
    const harness = open();
    harness.server.channel("room", {
      calls: {
        say: async ({ input, publish }) => publish("said", input),
        async think({ input }) {
          await new Promise<void>((resolve) => harness.clock.after(3_000, resolve));
          return `${input}!`;
        },
      },
    });
    const ana = harness.client({ transport, clientId: "ana" });
    const bo = harness.client({ transport, clientId: "bo" });
    const [hers, his] = [ana.channel("room", ROOM), bo.channel("room", ROOM)];
    const seen = harness.collect(his, "said", "typing");
    await harness.settled();

    const { id } = await hers.call.say({ text: "hi" });
    await hers.publish("typing", { who: "Ana" });
    await harness.advance("2s");
    expect(seen).toReceiveExactlyOnceInOrder([{ text: "hi" }, { who: "Ana" }]);
    expect(seen.metas[0]?.id).toBe(id);

    const thought = hers.call.think("so");
    await harness.advance("2900ms");
    await expect(Promise.race([thought, harness.settled().then(() => "not yet")])).resolves.toBe("not yet");
    expect(await harness.until(thought)).toBe("so!");

    await harness.until(hers.presence.set({ name: "Ana" }));
    his.presence.on(() => {});
    await harness.until(() => his.presence.members.length === 1);
    expect(his.presence.members).toEqual([{ member: "ana", state: { name: "Ana" } }]);

    const answer = harness.server.stream("room", ROOM, "answer");
    const read = his.stream("answer").text();
    await answer.append("for");
    harness.network(bo).cut();
    await answer.append("ty-two");
    await answer.end();
    expect(await harness.until(read)).toBe("forty-two");

    const { messages } = await readHistory(ana as never, "room/42");
    expect(messages.map(({ data }) => data)).toEqual([{ text: "hi" }]);
  });

  test("close() leaves no timer and no connection, also in the middle of everything", async () => {
    const harness = createHarness(app);
    harness.server.channel("room", { calls: { think: () => new Promise(() => {}) } });
    const ana = harness.client({ transport });
    const network = harness.network();
    harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    expect(network.open).toBeGreaterThan(0);
    await harness.until(ana.channel("room", ROOM).presence.set({ name: "Ana" }));
    const lost = [ana.channel("room", ROOM).call.think("so"), ana.channel("room", ROOM).publish("said", { text: "?" })];
    network.freeze();
    network.cutAtRandom("1m");
    const ends = Promise.allSettled(lost);
    await harness.close();
    expect([harness.clock.pending, network.open]).toEqual([0, 0]);
    expect(await ends).toHaveLength(2);
  });

  test("close() leaves no timer of a network that is slow and cuts late, and those of the application to be seen", async () => {
    for (const weather of [{ lifeMs: 3_600_000 }, { latencyMs: 3_600_000 }]) {
      const harness = createHarness(app);
      const ana = harness.client({ transport });
      harness.network(ana).set(weather);
      harness.collect(ana.channel("room", ROOM), "said");
      await harness.settled();
      harness.clock.after(3_600_000, () => {});
      await harness.close();
      expect(harness.clock.pending).toBe(1);
    }
  });

  test("close() leaves no timer of a client that is present and offline", async () => {
    const harness = createHarness(app);
    const ana = harness.client({ transport });
    await ana.channel("room", ROOM).presence.set({ name: "Ana" });
    harness.network(ana).offline();
    await harness.settled();
    expect(ana.status.state).toBe("waiting");
    await harness.close();
    expect(harness.clock.pending).toBe(0);
  });
});

describe("the network of a harness", () => {
  test("freezes what is open without anybody noticing, until silence tells", async () => {
    const harness = open();
    const ana = harness.client();
    const seen = harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    expect(harness.network(ana).freeze()).toBe(1);
    await harness.server.publish("room", ROOM, "said", { text: "1" });
    await harness.advance("10s");
    expect([seen.data, ana.status.state]).toEqual([[], "open"]);
    await harness.advance("1m");
    expect(seen).toReceiveExactlyOnceInOrder(texts(1));
  });

  test.each(["down", "up"] as const)("holds what goes %s, in order, until it is clear", async (direction) => {
    const harness = open();
    const ana = harness.client({ transport: "websocket" });
    const seen = harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    harness.network(ana).set({ holds: direction });
    const published = texts(3).map((data) => ana.channel("room", ROOM).publish("said", data));
    await harness.advance("5s");
    const { messages } = await readHistory(harness.client() as never, "room/42");
    expect([messages.length, seen.data.length]).toEqual([direction === "down" ? 3 : 0, 0]);
    harness.network(ana).set({ holds: "nothing" });
    await harness.settled();
    expect(seen).toReceiveExactlyOnceInOrder(texts(3));
    await Promise.all(published);
    expect(ana.status.links).toBe(1);
  });

  test("is of one client, and the others notice nothing", async () => {
    const harness = open();
    const [ana, bo] = [harness.client(), harness.client()];
    for (const client of [ana, bo]) harness.collect(client.channel("room", ROOM), "said");
    await harness.settled();
    expect(harness.network(ana).cut()).toBe(1);
    await harness.advance("10s");
    expect([ana.status.links, bo.status.links]).toEqual([2, 1]);
  });

  test("refuses one way, and a client takes another; what is set for all is so for clients that come later", async () => {
    const harness = open();
    harness.network().set({ reach: "refused" }, { path: "websocket" });
    const ana = harness.client();
    harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    expect([ana.status.state, ana.status.transport]).toEqual(["open", "sse"]);
  });

  test("is away while offline, and a device that is online again tries at once", async () => {
    const harness = open();
    const ana = harness.client();
    const seen = harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    harness.network(ana).offline();
    await harness.server.publish("room", ROOM, "said", { text: "1" });
    await harness.advance("10m");
    expect([ana.status.state, seen.data]).toEqual(["waiting", []]);
    harness.network(ana).online();
    await harness.settled();
    expect(seen).toReceiveExactlyOnceInOrder(texts(1));
  });

  test("cuts in the middle of what is on its way", async () => {
    const harness = open();
    const ana = harness.client({ transport: "websocket" });
    const seen = harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    harness.network(ana).set({ latencyMs: 50 });
    for (const data of texts(4)) {
      await harness.server.publish("room", ROOM, "said", data);
      await harness.advance(10);
    }
    harness.network(ana).cut({ inside: true });
    expect(seen.data).toEqual(texts(2));
    await harness.advance("10s");
    expect(seen).toReceiveExactlyOnceInOrder(texts(4));
  });
});

describe("the time of a harness", () => {
  test("stands still, and what needs none happens as soon as a test waits for it", async () => {
    const harness = open();
    const ana = harness.client();
    const before = harness.clock.now();
    const { id } = await ana.channel("room", ROOM).publish("said", { text: "1" });
    expect(id).toMatch(/-00000001$/);
    expect(harness.clock.now()).toBe(before);
    await harness.advance("1h");
    expect(harness.clock.now()).toBe(before + 3_600_000);
  });

  test("goes on where a test framework has taken the clocks of the platform away", async () => {
    vi.useFakeTimers();
    const harness = createHarness(app);
    const ana = harness.client({ transport: "sse" });
    const seen = harness.collect(ana.channel("room", ROOM), "said");
    await ana.channel("room", ROOM).publish("said", { text: "1" });
    await harness.advance("1m");
    expect(seen).toReceiveExactlyOnceInOrder(texts(1));
    await harness.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("until() gives what a promise came to, and fails with what it failed with", async () => {
    const harness = open();
    const ana = harness.client();
    harness.network(ana).offline();
    harness.clock.after(60_000, () => harness.network(ana).online());
    const { id } = await harness.until(ana.channel("room", ROOM).publish("said", { text: "1" }));
    expect(id).toMatch(/-00000001$/);
    await expect(harness.until(ana.channel("room", ROOM).call.say({ text: "1" }))).rejects.toMatchObject({
      code: "unknown-call",
    });
  });

  test("until() ends at a moment that passes by itself", async () => {
    const harness = open();
    const ana = harness.client({ transport: "websocket" });
    harness.collect(ana.channel("room", ROOM), "said");
    await harness.settled();
    harness.network(ana).cut();
    await harness.settled();
    expect(ana.status.state).toBe("waiting");
    const before = harness.clock.now();
    await harness.until(() => ana.status.state === "connecting");
    expect(harness.clock.now() - before).toBeLessThan(10_000);
  });

  test("until() says what every client is doing where it takes too long, and names the seed", async () => {
    const harness = open({ seed: 11 });
    const ana = harness.client({ clientId: "ana" });
    harness.network(ana).offline();
    const publish = ana.channel("room", ROOM).publish("said", { text: "1" });
    publish.catch(() => {});
    await expect(harness.until(publish, "20s")).rejects.toThrow(
      /^The promise is not settled after 20000 ms\. ana is waiting over \w+, attempt \d, next in \d+ ms, with 1 unanswered, last error: .*refused\. \(seed 11\)$/,
    );
    await expect(harness.until(() => false, 500)).rejects.toThrow("The condition does not hold after 500 ms.");
  });

  test("settled() that never settles says what is still moving", async () => {
    // Below it what never ends would be slowed down, and settle in between.
    const harness = createHarness(app, { seed: 3, server: { limits: { commandBurst: 100_000 } } });
    const [ana, bo] = [harness.client({ clientId: "ana" }), harness.client({ clientId: "bo" })];
    const [hers, his] = [ana.channel("room", ROOM), bo.channel("room", ROOM)];
    const unhear = his.on(
      "said",
      ({ text }) => void his.publish("said", { text: `${text}!`.slice(-9) }).catch(() => {}),
    );
    await harness.settled();
    void hers.publish("said", { text: "1" });
    await expect(harness.settled()).rejects.toThrow(
      /^20000 steps without an end, .* Lately: bo (sends|hears) over websocket \(\d+ times\), bo .* \(seed 3\)$/,
    );
    unhear();
    await harness.close();
  });
});

describe("chance", () => {
  /** All that a reader and a clock can see of a run. */
  async function play(seed: number): Promise<string> {
    const harness = createHarness(app, { seed });
    const [ana, bo] = [harness.client(), harness.client()];
    const seen = harness.collect(bo.channel("room", ROOM), "said");
    harness.network().cutAtRandom("1s");
    for (const data of texts(30)) {
      const who = harness.random() < 0.5 ? ana : bo;
      void who.channel("room", ROOM).publish("said", data);
      await harness.advance(Math.ceil(harness.random() * 900));
    }
    await harness.advance("1m");
    const run = { seen, timelines: [ana.timeline(), bo.timeline()] };
    await harness.close();
    return JSON.stringify(run);
  }

  test("comes again with the seed, message by message and cut by cut, and is another with another", async () => {
    const [first, again, other] = [await play(5), await play(5), await play(6)];
    expect(first).toContain("cut");
    expect(again).toBe(first);
    expect(other.replaceAll("seed 6", "seed 5")).not.toBe(first);
  });
});

describe("the options of a server", () => {
  test("are those of eitherway(), with its logger and what is said of paths and proxies", async () => {
    const logged: string[] = [];
    const note = (message: string) => void logged.push(message);
    const logger = { info: note, warn: note, error: note };
    const harness = open({ server: { logger, basePath: "/live", trustProxy: 1, pingMs: "20s" } });
    await harness.client().channel("room", ROOM).publish("said", { text: "1" });
    harness.server.channel("room", {
      calls: {
        think: () => {
          throw new Error("broken");
        },
      },
    });
    await expect(harness.client().channel("room", ROOM).call.think("so")).rejects.toThrow();
    expect(logged).toContain("call failed");
    for (const server of [{ basePath: "live/" }, { trustProxy: -1 }]) {
      expect(() => createHarness(app, { server })).toThrow(expect.objectContaining({ code: "bad-request" }));
    }
    expect(() => createHarness(app, { server: { loger: logger } as never })).toThrow(/loger.*trustProxy, logger/);
  });
});

describe("a harness without a contract", () => {
  test("has channels by their names on the wire", async () => {
    const harness = createHarness();
    onTestFinished(() => harness.close());
    const seen = harness.collect(harness.client().channel("room/42"));
    await harness.settled();
    await harness.server.publish("room/42", "hi");
    await harness.settled();
    assertExactlyOnceInOrder(seen, ["hi"]);
  });
});

describe("what makes no sense is refused", () => {
  test("after close()", async () => {
    const harness = createHarness(app);
    const ana = harness.client();
    const network = harness.network(ana);
    await Promise.all([harness.close(), harness.close()]);
    const closed = { code: "closed", message: expect.stringContaining("createHarness()") };
    await expect(harness.advance("1s")).rejects.toMatchObject(closed);
    await expect(harness.settled()).rejects.toMatchObject(closed);
    await expect(harness.until(() => true)).rejects.toMatchObject(closed);
    for (const use of [() => harness.client(), () => harness.network(), () => network.cut(), () => network.clear()]) {
      expect(use).toThrow(expect.objectContaining(closed));
    }
  });

  test("a client, a channel or an option that it does not know, and time that goes back", async () => {
    const harness = open();
    const other = open();
    const bad = (text: string) =>
      expect.objectContaining({ code: "bad-request", message: expect.stringContaining(text) });
    expect(() => harness.network(other.client())).toThrow(bad("not of this harness"));
    expect(() => harness.collect(other.client().channel("room", ROOM), "said")).toThrow(
      bad("No client of this harness"),
    );
    harness.client({ clientId: "ana" });
    expect(() => harness.client({ clientId: "ana" })).toThrow(bad("There is a client"));
    expect(() => createHarness(app, { seed: 1.5 })).toThrow(bad("1.5"));
    expect(() => createHarness({ sead: 1 } as HarnessOptions)).toThrow(bad("sead"));
    expect(() => createHarness(app, { server: { pingMs: "soon" } })).toThrow(bad("soon"));
    await expect(harness.advance(-1)).rejects.toMatchObject({ code: "bad-request", message: /forward/ });
    await expect(harness.advance("later")).rejects.toMatchObject({ code: "bad-request" });
    expect(() => harness.network().cutAtRandom(0)).toThrow(bad("cutAtRandom"));
  });
});
