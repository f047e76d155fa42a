/** Whole clients on a disk, against the real server: reloads, crashes and days without network. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isEitherwayError } from "../../../src/protocol/index.ts";
import { createOutboxWorld, KEY_WINDOW_MS, type OutboxWorld, type WorldPage } from "../outbox-world.ts";

const DAY_MS = 86_400_000;

/** What was published, in order, and what was heard of it. */
interface Book {
  readonly published: { readonly client: string; readonly channel: string; readonly text: string }[];
  /** On disk before anything happened to the page. */
  readonly kept: Set<string>;
  readonly stored: Set<string>;
  readonly unknown: Set<string>;
  /** Any other end. */
  readonly failed: Map<string, string>;
  publish(page: WorldPage, channel: string): void;
  /** What the pages heard of what earlier pages left. */
  hear(...pages: readonly WorldPage[]): void;
}

function createBook(): Book {
  const book: Book = {
    published: [],
    kept: new Set(),
    stored: new Set(),
    unknown: new Set(),
    failed: new Map(),
    publish(page, channel) {
      const { client } = page;
      const text = `${channel} ${book.published.length}`;
      book.published.push({ client: client.id, channel, text });
      client
        .channel(channel)
        .publish(text)
        .then(
          () => page.alive && book.stored.add(text),
          (error: unknown) => page.alive && end(text, isEitherwayError(error) ? error.code : String(error)),
        );
    },
    hear(...pages) {
      for (const { outcomes } of pages) {
        for (const { data, error } of outcomes) {
          if (error) end(String(data), error.code);
          else book.stored.add(String(data));
        }
      }
    },
  };
  const end = (text: string, code: string): void => {
    if (code === "outcome-unknown") book.unknown.add(text);
    else book.failed.set(text, code);
  };
  return book;
}

/** Once at most, in the order of its client, and what is missing is named. A page that goes on with a box has its client id. */
async function audit(world: OutboxWorld, book: Book): Promise<void> {
  for (const channel of new Set(book.published.map((one) => one.channel))) {
    const log = await world.log(channel);
    const all = book.published.filter((one) => one.channel === channel);
    const order = all.map(({ text }) => text);
    for (const client of new Set(all.map((one) => one.client))) {
      const own = all.filter((one) => one.client === client).map(({ text }) => text);
      const stored = log.filter((text) => own.includes(text));
      expect(stored, `order of ${client} on ${channel}`).toEqual(own.filter((text) => log.includes(text)));
    }
    expect(log.length, `doubled on ${channel}`).toBe(new Set(log).size);
    const lost = order.filter((text) => book.kept.has(text) && !log.includes(text) && !book.unknown.has(text));
    expect(lost, `lost on ${channel}`).toEqual([]);
    const untrue = order.filter((text) => book.stored.has(text) && !log.includes(text));
    expect(untrue, `told to be stored on ${channel}`).toEqual([]);
  }
}

async function kept(book: Book, page: WorldPage): Promise<void> {
  await page.client.ready();
  for (const { data } of page.client.pending()) book.kept.add(String(data));
}

describe("an outbox on disk", () => {
  test("offline for a day with 500 entries and reloads: all applied once, in order, or named outcome-unknown (P1, P5)", async () => {
    const world = createOutboxWorld();
    const book = createBook();
    const pages: WorldPage[] = [];
    const open = async (): Promise<WorldPage> => {
      const page = await world.open();
      pages.push(page);
      return page;
    };
    let published = 0;
    const publish = async (page: WorldPage, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) book.publish(page, `room/${published++ % 7}`);
      await kept(book, page);
    };

    const first = await open();
    await publish(first, 30);
    await world.drain(first);
    expect([book.stored.size, world.disk.boxes.size]).toEqual([30, 0]);

    world.network = "silent"; // these reach the server, and nobody hears of it
    await publish(first, 100);
    await world.pass(1_000);
    world.network = "off";
    await publish(first, 70);
    first.kill();
    await world.pass(60_000);
    for (const page of [await open(), await open()]) await publish(page, 50);
    await world.pass(6 * 3_600_000);
    for (const page of pages) page.kill();
    const late = await open();
    await publish(late, 100);
    await world.pass(DAY_MS - 6 * 3_600_000);
    late.kill();
    const last = await open();
    await publish(last, 100);
    expect(book.published).toHaveLength(500);

    world.network = "on";
    await world.pass(60_000); // also for what the other tab left
    await world.drain(last);
    book.hear(...pages);
    await audit(world, book);
    // Of the 100, at most 8 a channel were under way; all that never went out is there.
    expect(book.unknown.size).toBe(7 * 8);
    expect(book.failed).toEqual(new Map());
    expect(book.stored.size).toBe(500 - book.unknown.size);
    expect(world.disk.boxes.size).toBe(0);
    const unknown = pages.flatMap(({ outcomes }) => outcomes).filter(({ error }) => error);
    const names = unknown.map(({ data }) => Number(String(data).split(" ")[1]));
    const ofOneRoom = names.filter((n) => n % 7 === 0);
    expect(ofOneRoom).toEqual([...ofOneRoom].sort((a, b) => a - b));
  });

  test("within the key window what may have been applied is sent again after a reload, and applied once (P5)", async () => {
    const world = createOutboxWorld();
    const book = createBook();
    const first = await world.open();
    await world.pass(1_000);
    first.client.reconnect();
    await world.pass(1_000);
    world.network = "silent";
    for (let i = 0; i < 20; i++) book.publish(first, "a");
    await kept(book, first);
    await world.pass(5_000);
    expect((await world.log("a")).length).toBe(8);
    first.kill();
    await world.pass(KEY_WINDOW_MS / 2);
    world.network = "on";
    const second = await world.open();
    expect(second.client.id).toBe(first.client.id);
    expect(second.client.pending().map(({ restored, sent }) => [restored, sent])).toEqual([
      ...Array(8).fill([true, true]),
      ...Array(12).fill([true, false]),
    ]);
    book.publish(second, "a");
    await world.drain(second);
    book.hear(second);
    expect(await world.log("a")).toEqual(book.published.map(({ text }) => text));
    expect([book.stored.size, book.unknown.size]).toEqual([21, 0]);
    expect(second.outcomes.map(({ data }) => data)).toEqual(book.published.slice(0, 20).map(({ text }) => text));
  });

  test("a tab sends what another one left when it was closed, also while it stays open itself (P5)", async () => {
    const world = createOutboxWorld();
    const book = createBook();
    const [staying, closing] = [await world.open(), await world.open()];
    world.network = "off";
    await world.pass(5_000);
    book.publish(closing, "a");
    book.publish(closing, "b");
    await kept(book, closing);
    await closing.client.close();
    await world.pass(20_000);
    expect(staying.client.pending().map(({ channel, restored }) => [channel, restored])).toEqual([
      ["a", true],
      ["b", true],
    ]);
    expect(staying.client.status.unanswered).toBe(2);
    book.publish(staying, "a");
    world.network = "on";
    await world.drain(staying);
    book.hear(staying);
    expect([await world.log("a"), await world.log("b")]).toEqual([expect.arrayContaining(["a 0", "a 2"]), ["b 1"]]);
    expect([staying.outcomes.length, world.disk.boxes.size]).toEqual([2, 0]);
  });

  test("whatever step on the disk is the last one of a page: nothing kept is lost, doubled or out of order (P1, P5)", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const), channel: fc.constantFrom("a", "b") }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("keep" as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(10, 200, 5_000) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("expire" as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant("network" as const), to: fc.constantFrom("on", "silent", "off") }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("kill" as const), after: fc.integer({ min: 0, max: 4 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.integer(), async (steps, seed) => {
        const world = createOutboxWorld(seed);
        const book = createBook();
        let page = await world.open();
        const pages = [page];
        const reopen = async (): Promise<void> => {
          page.kill();
          page = await world.open();
          pages.push(page);
        };
        for (const one of steps) {
          switch (one.do) {
            case "publish":
              book.publish(page, one.channel);
              break;
            case "keep": {
              const { client, page: own } = page;
              const pending = client.pending().map(({ data }) => String(data));
              let isKept = false;
              void client.ready().then(() => {
                isKept = true;
              });
              await world.clock.settle();
              if (isKept) for (const text of pending) book.kept.add(text);
              else expect(own.operations).toBeGreaterThan(0);
              break;
            }
            case "pass":
              await world.pass(one.ms);
              break;
            case "expire":
              await world.pass(KEY_WINDOW_MS + 60_000);
              break;
            case "network":
              world.network = one.to as OutboxWorld["network"];
              break;
            case "kill":
              if (one.after === 0) await reopen();
              else {
                page.page.killAfter(page.page.operations + one.after);
                await world.pass(200);
                await reopen();
              }
              break;
          }
        }
        world.network = "on";
        await reopen();
        await world.drain(page);
        book.hear(...pages);
        await audit(world, book);
        expect([...book.failed.values()].filter((code) => code !== "closed")).toEqual([]);
        expect(world.disk.boxes.size).toBe(0);
        for (const { kill } of pages) kill();
      }),
      { numRuns: 60 },
    );
  });
});
