/** The running client: when it connects, over what, when it gives up, and what it says about that. */
import { describe, expect, test } from "vitest";
import type { ClientFraming } from "../../src/client/transport.ts";
import { createStage, idOf, outcome, runOf, WELCOME } from "./support.ts";

const LISTENER = (): void => {};

describe("a client", () => {
  test("connects when there is something to do, not before", async () => {
    const { client, links, settle } = createStage();
    const room = client.channel("room");
    room.on("live", LISTENER);
    await settle();
    expect([client.status.state, links.length]).toEqual(["idle", 0]);
    room.on("message", LISTENER);
    await settle();
    expect([client.status.state, links.length]).toEqual(["open", 1]);
  });

  test("connects for a publish alone", async () => {
    const stage = createStage();
    const answer = outcome(stage.client.channel("room").publish("hi"));
    await stage.settle();
    expect(stage.link.keys).toEqual(["c1.1"]);
    expect([...stage.link.hello]).toEqual([]);
    stage.link.say({ t: "ok", key: "c1.1", id: idOf(1) });
    await stage.settle();
    expect(answer.now).toBe(idOf(1));
  });

  test("falls back to the next transport at once, and stays with the one that worked", async () => {
    const stage = createStage({
      onLink(link) {
        if (link.transport === "websocket") link.end({ message: "no upgrade here" });
        else link.say(WELCOME);
      },
    });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    expect(stage.links.map(({ transport }) => transport)).toEqual(["websocket", "sse"]);
    expect(stage.client.status).toMatchObject({
      state: "open",
      transport: "sse",
      why: "websocket did not get through: no upgrade here",
      links: 1,
    });
    await stage.pass(1_000);
    stage.link.say({ t: "ping" });
    await stage.pass(9_000);
    expect(stage.client.status.attempt).toBe(0);
    stage.link.end();
    await stage.pass(1_000);
    expect(stage.links.at(-1)?.transport).toBe("sse");
    expect(stage.client.status.why).toBe("sse worked the last time");
  });

  test("drops a link that is half-open after two and a half silent pings; any byte is life (P2)", async () => {
    const stage = createStage({ transport: "websocket" });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(37_000);
    stage.link.alive();
    await stage.pass(37_000);
    expect(stage.links).toHaveLength(1);
    await stage.pass(1_500);
    expect(stage.links[0]?.closed).toBe(true);
    expect(stage.links).toHaveLength(2);
    expect(stage.client.status.lastError?.message).toMatch(/nothing arrived for 37500 ms/);
  });

  test("resumes from what it received, and tells commands again (P2, P3, P5)", async () => {
    const stage = createStage();
    const room = stage.client.channel("room");
    const seen: unknown[] = [];
    room.on("message", (data) => {
      seen.push(data);
    });
    await stage.settle();
    stage.link.say({ t: "live", channel: "room", id: idOf(4) }, runOf("room", 5, "a", "b"));
    void room.publish("x").catch(() => {});
    await stage.settle();
    stage.link.end();
    await stage.pass(1_000);
    expect([...stage.link.hello]).toEqual([["room", idOf(6)]]);
    expect(stage.link.keys).toEqual(["c1.1"]);
    stage.link.say(runOf("room", 5, "a", "b", "c"));
    expect(seen).toEqual(["a", "b", "c"]);
  });

  test("believes no frame of a link that was given up (P2)", async () => {
    const stage = createStage();
    const seen: unknown[] = [];
    const answer = outcome(stage.client.channel("room").publish("x"));
    stage.client.channel("room").on("message", (data) => {
      seen.push(data);
    });
    await stage.settle();
    const [old] = stage.links;
    stage.client.use("poll");
    await stage.settle();
    old?.say(
      runOf("room", 5, "late"),
      { t: "ok", key: "c1.1", id: idOf(5) },
      { t: "bye", code: "closed", message: "" },
    );
    old?.end();
    await stage.settle();
    expect([seen, answer.now]).toEqual([[], "pending"]);
    expect(stage.client.status).toMatchObject({ state: "open", transport: "poll" });
  });

  test("counts a hole, and resumes over a fresh link from before it (P2)", async () => {
    const stage = createStage();
    const seen: unknown[] = [];
    stage.client.channel("room", { from: idOf(3) }).on("message", (data) => {
      seen.push(data);
    });
    await stage.settle();
    stage.link.say(runOf("room", 4, "a"), runOf("room", 6, "c"));
    expect(stage.links[0]?.closed).toBe(true);
    await stage.pass(1_000);
    expect([...stage.link.hello]).toEqual([["room", idOf(4)]]);
    stage.link.say(runOf("room", 5, "b", "c"));
    expect(seen).toEqual(["a", "b", "c"]);
    expect(stage.client.status.holes).toBe(1);
  });

  test("stops when it is told that coming back is of no use, until somebody asks for it (P11)", async () => {
    const stage = createStage();
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    stage.link.say({ t: "bye", code: "bad-version", message: "Version 2 only." });
    await stage.pass(600_000);
    stage.wake();
    await stage.settle();
    expect(stage.links).toHaveLength(1);
    expect(stage.client.status).toMatchObject({
      state: "stopped",
      lastError: { code: "bad-version", message: "Version 2 only." },
    });
    stage.client.reconnect();
    await stage.settle();
    expect(stage.client.status.state).toBe("open");
  });

  test("tells its error listeners each time that it stops (P11)", async () => {
    const stage = createStage({ onLink: (link) => link.end({ code: "origin-refused", message: "no" }) });
    const told: unknown[] = [];
    stage.client.on("error", (error, about) => {
      told.push([(error as { code?: string }).code, about, stage.client.status.state]);
      if (told.length === 1) stage.client.reconnect();
    });
    void stage.client.channel("a").on("message", () => {});
    await stage.settle();
    expect(told).toEqual([
      ["origin-refused", {}, "stopped"],
      ["origin-refused", {}, "stopped"],
    ]);
    expect(stage.links).toHaveLength(2);
  });

  test("stays away as long as a drained server asks, also when it wakes up (P10)", async () => {
    const stage = createStage();
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    stage.link.say({ t: "bye", code: "drain", message: "Bye.", after: 8_000 });
    await stage.settle();
    expect(stage.client.status).toMatchObject({ state: "waiting", lastError: { code: "drain" } });
    expect(stage.client.status.retryInMs).toBeGreaterThanOrEqual(8_000);
    stage.wake();
    await stage.pass(7_950);
    expect(stage.links).toHaveLength(1);
    await stage.pass(1_000);
    expect(stage.links).toHaveLength(2);
  });

  test("tries at once when the device wakes up, but once for a storm of events", async () => {
    const stage = createStage({ onLink: (link) => link.end(), transport: "sse" });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(30_000);
    const before = stage.links.length;
    for (let i = 0; i < 100; i++) {
      stage.wake();
      await stage.settle();
    }
    expect(stage.links.length - before).toBe(1);
  });

  test("makes up for a waking that came too soon after another: what the first one tried may have failed", async () => {
    let network = true;
    const stage = createStage({ transport: "websocket", onLink: (link) => (network ? link.say(WELCOME) : link.end()) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    network = false;
    stage.link.end();
    await stage.pass(120_000);
    stage.wake(); // the lid opens
    await stage.pass(800);
    network = true;
    stage.wake(); // and the network is there
    await stage.pass(250);
    expect(stage.client.status.state).toBe("open");
    stage.wake();
    await stage.client.close();
    expect(stage.clock.pending).toBe(0);
  });

  test("drops a silent link when the device wakes up, and keeps a talking one", async () => {
    const stage = createStage();
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(15_500);
    stage.wake();
    expect(stage.links).toHaveLength(1);
    await stage.pass(1_500);
    stage.wake();
    await stage.settle();
    expect(stage.links).toHaveLength(2);
  });

  test("puts the token of the moment into each hello", async () => {
    let asked = 0;
    const stage = createStage({ token: async () => `t${++asked}` });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    stage.client.reconnect();
    await stage.settle();
    expect(stage.links.map(({ token }) => token)).toEqual(["t1", "t2"]);
  });

  test("takes a token that cannot be had for a failed attempt", async () => {
    const stage = createStage({
      transport: "sse",
      token: () => Promise.reject(new Error("not signed in")),
    });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    expect(stage.client.status).toMatchObject({
      state: "waiting",
      lastError: { message: "token() failed: Error: not signed in" },
    });
  });

  test("rejects what has no answer when it is closed, and leaves no timer behind (P5, P6)", async () => {
    const stage = createStage();
    const room = stage.client.channel("room");
    room.on("message", LISTENER);
    await stage.settle();
    const sent = outcome(room.publish("x"));
    await stage.settle();
    await stage.client.close();
    await stage.settle();
    expect(sent.now).toBe("outcome-unknown");
    expect([stage.links[0]?.closed, stage.clock.pending, stage.client.status.state]).toEqual([true, 0, "closed"]);
    stage.client.reconnect();
    stage.client.use("sse");
    room.on("message", LISTENER);
    await stage.pass(1_000);
    expect(stage.links).toHaveLength(1);
  });

  test("gives the same status object until something changes, and calls back once a turn", async () => {
    const { client, settle } = createStage();
    const states: string[] = [];
    client.on("status", ({ state }) => {
      states.push(state);
    });
    const before = client.status;
    expect(client.status).toBe(before);
    client.channel("room").on("message", LISTENER);
    await settle();
    expect(client.status).not.toBe(before);
    expect(Object.isFrozen(client.status)).toBe(true);
    expect(states).toEqual(["open"]);
  });

  test("refuses options that make no sense (P12)", () => {
    for (const options of [
      { url: "nowhere" },
      { url: "ftp://host/eitherway" },
      { transport: "carrier pigeon" as "sse" },
      { transport: [] },
      { clientId: "with space" },
      { framing: "binary" as unknown as ClientFraming },
      { streamChange: "never" as "make-first" },
      { outbox: { commands: 0 } },
      { outbox: { bytes: Number.NaN } },
    ]) {
      expect(() => createStage(options)).toThrow(expect.objectContaining({ code: "bad-request" }));
    }
    const { client } = createStage();
    expect(() => client.channel("a//b")).toThrow(expect.objectContaining({ code: "bad-channel" }));
    expect(() => client.channel("a", { from: "yesterday" })).toThrow(expect.objectContaining({ code: "bad-cursor" }));
    expect(() => client.use([])).toThrow(expect.objectContaining({ code: "bad-request" }));
  });

  describe.each([
    ["refused", (link: { end(): void }) => link.end()],
    [
      "accepted and cut",
      (link: { say(frame: typeof WELCOME): void; end(): void }) => {
        link.say(WELCOME);
        link.end();
      },
    ],
    [
      "told to rotate at once",
      (link: { say(...frames: object[]): void }) => {
        link.say(WELCOME, { t: "bye", code: "rotate", message: "", after: 0 });
      },
    ],
  ])("that is always %s", (_what, onLink) => {
    test.each([1, 2, 3])("makes at most 20 attempts a transport and minute (seed %d)", async (seed) => {
      const stage = createStage({ seed, onLink: onLink as never });
      stage.client.channel("room").on("message", LISTENER);
      await stage.pass(60_000);
      for (const name of ["websocket", "sse", "poll"]) {
        expect(stage.links.filter(({ transport }) => transport === name).length).toBeLessThanOrEqual(20);
      }
      expect(stage.links.length).toBeGreaterThan(4); // it does come back
    });

    test("is bounded also when chance always gives 0", async () => {
      const stage = createStage({ random: () => 0, transport: "sse", onLink: onLink as never });
      stage.client.channel("room").on("message", LISTENER);
      await stage.pass(60_000);
      expect(stage.links.length).toBeLessThanOrEqual(64);
    });
  });
});
