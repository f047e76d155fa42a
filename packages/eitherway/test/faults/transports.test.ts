/** Each fault over each transport, through the whole: application, client, sockets, server, log. */
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../../src/testing/index.ts";
import { createScene, type Scene } from "./support.ts";
import { turn, until } from "./turns.ts";

/** Longer than any heartbeat or answer may take: what is dead is found dead after it. */
const LONG_SILENCE_MS = 40_000;
/** A link that has lived this long was good: the client's patience begins anew. */
const HEALTHY_MS = 10_000;
/** Real time in which a healthy network brings everything. */
const PATIENCE_MS = 400;

const LARGE_LOG = { messages: 100_000, bytes: 256 * 1024 * 1024 };

for (const dialect of DIALECTS) {
  describe(`over ${dialect.name}`, () => {
    test("a cut in the middle of frames, either way, loses, doubles and reorders nothing (P1, P2, P3, P5)", async () => {
      const scene = await createScene({ dialect, seed: 11 });
      const { reading, writing } = await readersAndWriter(scene);
      const rounds = 10;
      for (let round = 0; round < rounds; round++) {
        for (const connection of scene.network.connections) {
          const direction = scene.random() < 0.5 ? "up" : "down";
          connection.set({ kind: "cut", direction, afterBytes: Math.floor(scene.random() * 1_500) });
        }
        await Promise.all([scene.publish(writing, "a", 20), scene.publish(writing, "b", 20)]);
        scene.clock.leap(HEALTHY_MS);
      }
      await scene.expectClean({ expected: rounds * 20 * 2 });
      expect(scene.network.counters.cut).toBeGreaterThan(rounds / 2);
      expect(reading.status.holes).toBe(0);
    });

    test("a cut of everything at once, again and again, loses and doubles nothing (P1, P2, P3, P5)", async () => {
      const scene = await createScene({ dialect, seed: 12 });
      const { writing } = await readersAndWriter(scene);
      for (let round = 0; round < 5; round++) {
        const publishing = Promise.all([scene.publish(writing, "a", 20), scene.publish(writing, "b", 20)]);
        await turn();
        scene.network.cutAll();
        await publishing;
      }
      await scene.expectClean({ expected: 200 });
      expect(scene.network.counters.cut).toBeGreaterThanOrEqual(5);
    });

    test("a half-open connection is found and replaced; nothing is lost or doubled (P2, P3, P5)", async () => {
      const scene = await createScene({ dialect });
      const { writing, readers } = await readersAndWriter(scene);
      await scene.publish(writing, "a", 5);
      await readers.a.has(5);
      for (const connection of scene.network.connections) connection.set({ kind: "half-open" });
      const publishing = Promise.all([scene.publish(writing, "a", 10), scene.publish(writing, "b", 10)]);
      await scene.publishInside("a", 10);
      await turn();
      await leaping(scene, publishing);
      await leaping(scene, scene.expectClean({ expected: 35 }));
    });

    test("a delay of each byte changes nothing but time (P1, P2, P5)", async () => {
      const scene = await createScene({ dialect });
      const { writing } = await readersAndWriter(scene);
      scene.network.set({ kind: "link", delayMs: 60 });
      for (let round = 0; round < 3; round++) {
        await Promise.all([scene.publish(writing, "a", 20), scene.publish(writing, "b", 20)]);
      }
      await scene.expectClean({ expected: 120 });
    });

    test("a slow reader gets everything in the end, and others do not wait for it (P2, P6, P7)", async () => {
      const scene = await createScene({ dialect, settings: { retention: LARGE_LOG } });
      const slow = await scene.reader("slow", scene.client(), "a");
      const fast = await scene.reader("fast", scene.client(new URL(scene.server.url).origin), "a");
      scene.network.set({ kind: "slow-reader", bytesPerSecond: 50_000 });
      const count = 400;
      await scene.publishInside("a", count, 50_000);
      await fast.has(count);
      expect(slow.count).toBeLessThan(count);
      expect(scene.server.stats().unflushedBytes).toBe(0);
      scene.network.set({ kind: "none" });
      await scene.expectClean({ expected: 2 * count, declared: 0 });
      expect(slow.gaps).toBe(0);
    });

    test("a slow reader of a log that is trimmed meanwhile gets gaps, never silence (P2, P6)", async () => {
      const scene = await createScene({ dialect, settings: { retention: { bytes: 1024 * 1024 } } });
      const slow = await scene.reader("slow", scene.client(), "a");
      scene.network.set({ kind: "slow-reader", bytesPerSecond: 50_000 });
      await scene.publishInside("a", 400, 50_000);
      scene.network.set({ kind: "none" });
      await scene.publishInside("a", 1);
      await scene.expectClean({});
      expect(slow.gaps).toBeGreaterThan(0);
      expect(scene.ledger.verdict().declared).toBeGreaterThan(0);
    });

    test("a server restart is a gap to the new log, then everything of it (P2, P3)", async () => {
      const scene = await createScene({ dialect });
      const { readers, reading, writing } = await readersAndWriter(scene);
      await scene.publish(writing, "a", 10);
      await readers.a.has(10);
      await scene.server.restart();
      // "b" had nothing, and its cursor named the old log all the same.
      await Promise.all([scene.publish(writing, "a", 10), scene.publish(writing, "b", 10)]);
      await scene.expectClean({});
      expect([readers.a.gaps, readers.b.gaps]).toEqual([1, 1]);
      expect(reading.status.holes).toBe(0);
    });

    test("a server that cannot be reached for a while, refused or swallowed, is found again (P2, P3, P5)", async () => {
      const scene = await createScene({ dialect });
      const { writing } = await readersAndWriter(scene);
      for (const kind of ["refuse", "blackhole"] as const) {
        scene.network.set({ kind });
        scene.network.cutAll();
        const publishing = scene.publish(writing, "a", 10);
        await refusals(scene);
        scene.network.set({ kind: "none" });
        await leaping(scene, publishing);
      }
      await scene.expectClean({ expected: 20 });
    });
  });
}

/** One client reads "a" and "b", another one writes: both over the bad network. */
async function readersAndWriter(scene: Scene) {
  const reading = scene.client();
  const [a, b] = await Promise.all(["a", "b"].map((channel) => scene.reader("reader", reading, channel)));
  if (!a || !b) throw new Error("two channels, two readers");
  return { reading, writing: scene.client(), readers: { a, b } };
}

/**
 * Waits for `work` while silence after silence passes for the clients: each new attempt may fall for another dead connection,
 * of which the HTTP stack keeps some for later requests.
 */
async function leaping(scene: Scene, work: Promise<unknown>): Promise<void> {
  const patience = setInterval(() => scene.clock.leap(LONG_SILENCE_MS), PATIENCE_MS);
  try {
    await work;
  } finally {
    clearInterval(patience);
  }
}

async function refusals(scene: Scene): Promise<void> {
  const before = scene.network.counters.refused;
  await until(() => scene.network.counters.refused >= before + 2);
}
