/** What the scripts keep, trim, spare and show is what the log in memory does, whatever is published in whatever order. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Broker, createMemoryBroker, type Draft } from "../../src/core/index.ts";
import { type Cursor, formatId, type Id, parseId, textPayload } from "../../src/protocol/index.ts";
import { createFakeClock, createSeededRandom } from "../../src/testing/index.ts";
import { launchRedis, type RunningRedis } from "../support/redis/redis-server.ts";
import { startBroker } from "./broker-support.ts";

const CHANNEL = "room/42";
const SEEDS = [1, 2, 3, 4, 5, 6];
const STEPS = 120;
const KEYS = ["a", "b", "c", "d", "e"];
const OVERHEAD_BYTES = 256;
const ALL = { messages: 10_000, bytes: 10_000_000 };

describe("a log in Redis and one in memory", () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await launchRedis();
  });
  afterAll(() => redis.stop());

  test.each(SEEDS)(
    "show the same pages, gaps and receipts after the same commands, seed %i (P2, P4, P5)",
    async (seed) => {
      const random = createSeededRandom(seed);
      const below = (most: number): number => Math.floor(random() * most);
      const settings = {
        retention: { messages: 3 + below(10), bytes: (3 + below(6)) * (OVERHEAD_BYTES + 100), ageMs: 60 * 60_000 },
        limits: { latestKeys: 1 + below(4), inFlight: 3 },
      };
      const { broker } = startBroker(redis.url, settings);
      const memory = createMemoryBroker({ clock: createFakeClock(), random, ...settings });
      const both = [memory, broker] as const;
      let counter = 0;

      const draft = (): Draft => {
        const collapse = random() < 0.5 ? KEYS[below(KEYS.length)] : undefined;
        const text = `${++counter} ${"x".repeat(below(200))}`;
        const key =
          random() < 0.3
            ? ({ kind: "counted", user: "u", client: "c", counter: counter - below(3) } as const)
            : undefined;
        return {
          event: "e",
          payload: textPayload(text),
          ...(collapse !== undefined && { collapse }),
          ...(key && { key }),
        };
      };

      for (let step = 0; step < STEPS; step++) {
        const drafts = Array.from({ length: 1 + below(4) }, draft);
        const [expected, found] = await Promise.all(both.map((one) => receipts(one, drafts)));
        expect(found).toEqual(expected);
        const head = (await headOf(memory)) ?? 0;
        const cursor = below(head + 3) - 1;
        const limit = { messages: 1 + below(6), bytes: 1 + below(600) };
        for (const at of ["start", "now", cursor] as const) {
          const [page, same] = await Promise.all(both.map((one) => readPage(one, at, limit)));
          expect(same, `page after ${at}, step ${step}`).toEqual(page);
        }
        const [before, sameBefore] = await Promise.all(both.map((one) => readBefore(one, cursor, limit)));
        expect(sameBefore, `page before ${cursor}, step ${step}`).toEqual(before);
      }
      await memory.close();
    },
  );
});

/** Epochs and times differ, of course; and the log in memory keeps more of an entry than a message shows. */
const OWN = new Set(["epoch", "at", "bytes", "collapse", "superseded", "time"]);

function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, part) => (OWN.has(name) ? undefined : part)));
}

async function receipts(broker: Broker, drafts: readonly Draft[]): Promise<unknown> {
  const answers = await broker.publish(CHANNEL, drafts);
  return answers.map((answer) => (answer.ok ? [parseId(answer.id)?.seq, answer.repeated] : answer.error.code));
}

async function headOf(broker: Broker): Promise<number | undefined> {
  const page = await broker.read(CHANNEL, "now", ALL);
  return page.kind === "none" ? undefined : page.head.seq;
}

async function idAt(broker: Broker, seq: number): Promise<Id> {
  const page = await broker.read(CHANNEL, "now", ALL);
  if (page.kind === "none") throw new Error("there is no log");
  return formatId(page.head.epoch, Math.max(0, seq));
}

async function readPage(broker: Broker, at: number | "start" | "now", limit: typeof ALL): Promise<unknown> {
  const cursor: Cursor = typeof at === "number" ? await idAt(broker, at) : at;
  return comparable(await broker.read(CHANNEL, cursor, limit));
}

async function readBefore(broker: Broker, seq: number, limit: typeof ALL): Promise<unknown> {
  return comparable(await broker.readBefore(CHANNEL, seq < 0 ? undefined : await idAt(broker, seq), limit));
}
