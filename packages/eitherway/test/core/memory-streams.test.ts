import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Broker, StreamHold, Streams } from "../../src/core/index.ts";
import { ENTRY_OVERHEAD_BYTES } from "../../src/core/log.ts";
import { ENDING_BYTES } from "../../src/core/memory-streams.ts";
import { type Cursor, formatId, type Message, textPayload, toEitherwayError } from "../../src/protocol/index.ts";
import { ALL, draft, HOUR, outcomes, start as startBroker } from "./memory-broker-support.ts";

const LOG = "@stream/job/7/answer";
const LEASE_MS = 10_000;

function start(options: Parameters<typeof startBroker>[0] = {}) {
  const started = startBroker(options);
  return { ...started, streams: started.broker.streams as Streams };
}

async function eventsOf(broker: Broker): Promise<string[]> {
  const page = await broker.readBefore(LOG, undefined, ALL);
  return (page?.messages ?? []).map(({ event }) => event);
}

describe("memory broker: streams", () => {
  test("the end of a lease is told when it comes, though nobody calls; then no timer is left (P12)", async () => {
    const { broker, clock, streams, counters } = start();
    const heard: string[] = [];
    const stop = await broker.watch(LOG, ({ messages }) => heard.push(...messages.map(({ event }) => event)));
    const hold = await streams.open(LOG, LEASE_MS);
    clock.advance(LEASE_MS - 1);
    await streams.renew(hold, LEASE_MS);
    clock.advance(LEASE_MS - 1);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(["failed"]);
    expect(counters).toEqual({ "streams.opened": 1, "streams.lost": 1, "streams.failed": 1 });
    stop();
    clock.advance(3 * HOUR);
    expect([clock.pending, broker.sizes().channels]).toEqual([0, 0]);
  });

  test("a full store refuses pieces for now and new streams, but no stream its end (P6, P12)", async () => {
    const room = 2 * ENDING_BYTES + ENTRY_OVERHEAD_BYTES + 10;
    const { broker, streams, clock } = start({ limits: { logBytes: room } });
    const [one, two] = [await streams.open(LOG, LEASE_MS), await streams.open(`${LOG}2`, LEASE_MS)];
    await streams.append(one, textPayload("0123456789"));
    await expect(streams.append(one, textPayload("x"))).rejects.toMatchObject({ code: "storage-full", retry: true });
    await expect(streams.open(`${LOG}3`, LEASE_MS)).rejects.toMatchObject({ code: "storage-full" });
    expect(outcomes(await broker.publish("a", [draft("")]))).toEqual(["storage-full"]);
    await streams.finish(one, { code: "full", message: "\u{1f4a9}".repeat(1_000) });
    clock.advance(LEASE_MS);
    await expect(streams.finish(two)).rejects.toMatchObject({ code: "stream-over" });
    expect(broker.sizes().logBytes).toBeLessThanOrEqual(room);
    expect(await eventsOf(broker)).toEqual(["piece", "failed"]);
    clock.advance(3 * HOUR);
    expect(broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: 0 });
  });

  test("an open stream outlives what its record would live without it (P4)", async () => {
    const { broker, clock, streams } = start({ retention: { ageMs: 100 }, keyWindowMs: 100 });
    const hold = await streams.open(LOG, HOUR);
    await streams.append(hold, textPayload("x"));
    clock.advance(HOUR - 1);
    expect(await eventsOf(broker)).toEqual(["piece"]);
  });

  test("a closed broker forgets its streams and their timers", async () => {
    const { broker, clock, streams } = start();
    const hold = await streams.open(LOG, LEASE_MS);
    await broker.close();
    await expect(streams.append(hold, textPayload("x"))).rejects.toMatchObject({ code: "unavailable" });
    expect(clock.pending).toBe(0);
  });

  test("readers with any cuts have what the producer appended, and one end, whatever it does (P1, P2)", async () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ append: fc.string({ unit: "grapheme", maxLength: 5 }) }) },
      { weight: 6, arbitrary: fc.record({ read: fc.nat(3), messages: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: LEASE_MS - 1 }) }) },
      { weight: 1, arbitrary: fc.constant("renew" as const) },
    );
    const ending = fc.constantFrom("end", "fail", "lose");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), ending, async (steps, how) => {
        const { broker, clock, streams } = start({ retention: { messages: 2, bytes: 3 } });
        const hold = await streams.open(LOG, LEASE_MS);
        let appended = "";
        const readers = Array.from({ length: 4 }, () => createReader(broker));
        for (const one of steps) {
          if (one === "renew") await streams.renew(hold, LEASE_MS).catch(() => {});
          else if ("wait" in one) clock.advance(one.wait);
          else if ("read" in one) await readers[one.read]?.read({ messages: one.messages, bytes: 8 });
          else appended += await tryAppend(streams, hold, one.append);
          for (const { text } of readers) expect(appended.startsWith(text)).toBe(true);
        }
        if (how === "end") await streams.finish(hold).catch(() => {});
        if (how === "fail") await streams.finish(hold, { code: "x", message: "x" }).catch(() => {});
        clock.advance(2 * LEASE_MS);
        for (const reader of readers) {
          await reader.readAll();
          expect(reader.text).toBe(appended);
          expect(reader.endings).toHaveLength(1);
        }
      }),
    );
  });
});

/** The text, where it was appended; a stream whose lease is over takes nothing. */
async function tryAppend(streams: Streams, hold: StreamHold, text: string): Promise<string> {
  try {
    await streams.append(hold, textPayload(text));
    return text;
  } catch (thrown) {
    expect(toEitherwayError(thrown).code).toBe("stream-over");
    return "";
  }
}

/** Reads on page by page, and checks that the pages join up. */
function createReader(broker: Broker) {
  const messages: Message[] = [];
  let cursor: Cursor = "start";
  const textOf = ({ event, payload }: Message) => (event === "piece" ? payload.data : "");
  const reader = {
    get text() {
      return messages.map(textOf).join("");
    },
    get endings() {
      return messages.filter(({ event }) => event !== "piece");
    },
    async read(limit: { messages: number; bytes: number }): Promise<number> {
      const page = await broker.read(LOG, cursor, limit);
      if (page.kind !== "messages") throw new Error(`a page of messages was expected, not ${page.kind}`);
      for (const message of page.messages) {
        const before = messages.at(-1)?.seq;
        if (before !== undefined) expect(message.seq - message.skipped).toBe(before + 1);
        messages.push(message);
        cursor = formatId(page.epoch, message.seq);
      }
      return page.messages.length;
    },
    async readAll(): Promise<void> {
      while ((await reader.read({ messages: 2, bytes: 8 })) > 0);
    },
  };
  return reader;
}
