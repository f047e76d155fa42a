/** A node whose broker tells its watchers on a way of its own, which a test holds while calls go well. */
import { describe, expect, test } from "vitest";
import type { Batch, Broker } from "../../src/core/index.ts";
import { createTestHub } from "./support.ts";

/** What watchers are told waits while `held`; a reread tells what waits, as a store that compares heads would. */
function createHeldHub({ watchFails = false } = {}) {
  const state = { held: false, rereads: 0, watchFails, rereadFails: false, late: [] as (() => void)[] };
  const around = (memory: Broker): Partial<Broker> => ({
    async watch(channel, sink) {
      if (state.watchFails) throw new Error("no connection");
      return memory.watch(channel, (batch: Batch) => {
        if (!state.held) sink(batch);
        else if (batch.epoch !== undefined) state.late.push(() => sink(batch));
      });
    },
    async reread() {
      state.rereads++;
      if (state.rereadFails) throw new Error("no connection");
      for (const tell of state.late.splice(0)) tell();
    },
  });
  const server = createTestHub({ around });
  return {
    ...server,
    state,
    troubles: () => server.hub.troubles.map(({ part }) => part),
    counter: (name: string) => server.hub.stats().counters[name] ?? 0,
    /** In steps: promise jobs have to run between timers. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        server.clock.advance(Math.min(left, STEP_MS));
        await server.settle();
      }
    },
  };
}

const STEP_MS = 100;

describe("a canary", () => {
  test("is heard: a node is ready as soon as the first one came round, and stays so (P11)", async () => {
    const { troubles, settle, pass, state } = createHeldHub();
    expect(troubles()).toEqual(["delivery"]);
    await settle();
    expect(troubles()).toEqual([]);
    await pass(60_000);
    expect([troubles(), state.rereads]).toEqual([[], 0]);
  });

  test("is not heard: not ready within 5 s though calls go well, with since when; ready when heard again (P11)", async () => {
    const { hub, state, troubles, pass, publish, clock, errors } = createHeldHub();
    await pass(10_000);
    state.held = true;
    const before = clock.wall();
    await pass(4_000);
    expect(troubles()).toEqual([]);
    await pass(1_000);
    expect(await publish("a", "one")).toHaveLength(1);
    expect(troubles()).toEqual(["delivery"]);
    const [trouble] = hub.troubles;
    expect(before - (trouble?.since ?? 0)).toBeLessThan(1_500);
    await pass(60_000);
    expect(hub.troubles).toEqual([trouble]);
    state.held = false;
    await pass(1_500);
    expect(troubles()).toEqual([]);
    expect(errors).toEqual([expect.stringContaining("delivery broken")]);
  });

  test("that is missed makes the broker reread: what came meanwhile is late, not lost (P2, P11)", async () => {
    const { state, open, publish, pass, settle } = createHeldHub();
    const link = open({ a: "now" });
    await settle();
    expect(link.read()).toEqual(["welcome", "live a"]);
    state.held = true;
    await publish("a", "one");
    expect(link.read()).toEqual([]);
    await pass(3_500);
    expect(link.read()).toEqual(["messages a one"]);
    expect(state.rereads).toBeGreaterThan(0);
  });

  test("is heard on the way that a reread took anew, and given the time to come round there (P11)", async () => {
    let ways = 1;
    let isDead = false;
    const { clock, settle, hub } = createTestHub({
      around: (memory) => ({
        watch: (channel, sink) =>
          memory.watch(channel, (batch) => {
            const way = ways;
            clock.after(STEP_MS / 2, () => void (way === ways && !isDead && sink(batch)));
          }),
        async reread() {
          ways++;
          isDead = false;
        },
      }),
    });
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(STEP_MS);
        await settle();
      }
    };
    await pass(10_000);
    isDead = true;
    await pass(10_000);
    expect([hub.troubles, ways]).toEqual([[], 2]);
  });

  test("that fails to be sent, or whose reread fails, is tried again (P11)", async () => {
    const { state, troubles, pass, counter } = createHeldHub();
    await pass(1_000);
    state.held = true;
    state.rereadFails = true;
    await pass(10_000);
    expect(counter("canary.failed.reread")).toBeGreaterThan(5);
    expect(counter("canary.missed")).toBe(counter("canary.failed.reread"));
    state.held = false;
    await pass(1_500);
    expect(troubles()).toEqual([]);
  });

  test("whose channel cannot be watched yet is watched later (P11)", async () => {
    const { state, troubles, pass } = createHeldHub({ watchFails: true });
    await pass(7_000);
    expect(troubles()).toEqual(["delivery"]);
    state.watchFails = false;
    await pass(1_500);
    expect(troubles()).toEqual([]);
  });

  test("ends with its node, and a broker that needs none has none", async () => {
    const { hub, clock, settle, broker } = createHeldHub();
    await settle();
    await hub.close("drain", "bye", 1);
    await broker.close();
    expect(clock.pending).toBe(0);
    const plain = createTestHub();
    await plain.settle();
    expect([plain.hub.troubles, plain.clock.pending, plain.broker.sizes().channels]).toEqual([[], 0, 0]);
  });
});
