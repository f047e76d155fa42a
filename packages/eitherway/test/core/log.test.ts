import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Draft, Page, PageLimit } from "../../src/core/index.ts";
import { ENTRY_OVERHEAD_BYTES, type LogBounds } from "../../src/core/log.ts";
import { MemoryLog } from "../../src/core/memory-log.ts";
import { bytesPayload, type Cursor, formatId, textPayload } from "../../src/protocol/index.ts";

const EPOCH = "m8x2k1b7cq0z";
const WIDE: LogBounds = { messages: 1_000, bytes: 1_000_000, ageMs: 60_000, latestKeys: 100 };
const ALL: PageLimit = { messages: 10_000, bytes: 10_000_000 };

function draft(text: string, collapse?: string): Draft {
  return { event: "message", payload: textPayload(text), ...(collapse !== undefined && { collapse }) };
}

function idAt(seq: number, epoch = EPOCH): string {
  return formatId(epoch, seq);
}

/** `seq+skipped` of each message, or the reason of the gap. */
function shown(page: Page): readonly string[] | string {
  if (page.kind === "none") return "none";
  return page.kind === "gap" ? page.why : page.messages.map(({ seq, skipped }) => `${seq}+${skipped}`);
}

function logOf(bounds: Partial<LogBounds>, ...drafts: readonly Draft[]): MemoryLog {
  const log = new MemoryLog(EPOCH, { ...WIDE, ...bounds });
  for (const one of drafts) log.append(one, 0, 0);
  return log;
}

describe("a log", () => {
  test("counts seq up by one from 1 and continues every cursor that it gave (P1, P2)", () => {
    const log = logOf({}, draft("a"), draft("b"), draft("c"));
    expect(shown(log.read("start", ALL))).toEqual(["1+0", "2+0", "3+0"]);
    expect(shown(log.read(idAt(0), ALL))).toEqual(["1+0", "2+0", "3+0"]);
    expect(shown(log.read(idAt(2), ALL))).toEqual(["3+0"]);
    expect(shown(log.read(idAt(3), ALL))).toEqual([]);
    expect(shown(log.read("now", ALL))).toEqual([]);
  });

  test("says where it begins and ends, also when it is empty", () => {
    const log = logOf({ messages: 2 });
    expect(log.read("start", ALL)).toMatchObject({ head: { epoch: EPOCH, seq: 0 }, oldest: { epoch: EPOCH, seq: 0 } });
    for (const text of ["a", "b", "c"]) log.append(draft(text), 0, 0);
    expect(log.read("now", ALL)).toMatchObject({ head: { seq: 3 }, oldest: { seq: 2 } });
    log.trim(WIDE.ageMs);
    expect(log.read("now", ALL)).toMatchObject({ head: { seq: 3 }, oldest: { seq: 3 } });
  });

  test("answers a cursor that it cannot continue with a gap that says why (P2)", () => {
    const log = logOf({ messages: 2 }, draft("a"), draft("b"), draft("c"), draft("d"));
    expect(log.read(idAt(1), ALL)).toEqual({
      kind: "gap",
      why: "trimmed",
      oldest: { epoch: EPOCH, seq: 3 },
      head: { epoch: EPOCH, seq: 4 },
      latest: [],
    });
    expect(shown(log.read(idAt(2), ALL))).toEqual(["3+0", "4+0"]);
    expect(shown(log.read(idAt(5), ALL))).toBe("unknown");
    expect(shown(log.read(idAt(4, "m8x2k1b7cq0y"), ALL))).toBe("epoch");
    expect(shown(log.read("no id" as Cursor, ALL))).toBe("unknown");
  });

  test("tells in a gap the newest entry of each collapse key, within its bounds, and none that the cursor has (P2, P6)", () => {
    const log = logOf(
      { messages: 3, latestKeys: 3 },
      ...[draft("a1", "a"), draft("b1", "b"), draft("x"), draft("a2", "a"), draft("y"), draft("z"), draft("c1", "c")],
    );
    const latestOf = (after: Cursor): string[] => {
      const page = log.read(after, ALL);
      return page.kind === "gap" ? page.latest.map(({ seq, skipped }) => `${seq}+${skipped}`) : ["no gap"];
    };
    expect(latestOf(idAt(1))).toEqual(["2+0", "4+1", "7+2"]);
    expect(latestOf(idAt(2))).toEqual(["4+0", "7+2"]); // it has b1
    expect(latestOf(idAt(9))).toEqual(["2+0", "4+1", "7+2"]);
    log.append(draft("d1", "d"), 0, 0);
    expect(latestOf(idAt(1))).toEqual(["4+0", "7+2", "8+0"]); // the oldest is one too many
  });

  test("ends a page at its limit of messages or bytes, and always gives one message", () => {
    const log = logOf({}, draft("x".repeat(10)), draft("x".repeat(10)), draft("x".repeat(10)));
    const read = (messages: number, bytes: number) => shown(log.read("start", { messages, bytes }));
    expect(read(2, 100)).toEqual(["1+0", "2+0"]);
    expect(read(9, 20)).toEqual(["1+0", "2+0"]);
    expect(read(9, 19)).toEqual(["1+0"]);
    expect(read(9, 1)).toEqual(["1+0"]);
  });

  test("trims what is over its number, its bytes or its age, whichever comes first (P6)", () => {
    const size = ENTRY_OVERHEAD_BYTES + 100;
    const text = "x".repeat(100);
    const byNumber = logOf({ messages: 2 }, draft(text), draft(text), draft(text));
    expect(byNumber.bytes).toBe(2 * size);
    const byBytes = logOf({ bytes: 2 * size }, draft(text), draft(text), draft(text));
    expect(byBytes.bytes).toBe(2 * size);
    const byAge = new MemoryLog(EPOCH, { ...WIDE, ageMs: 1_000 });
    byAge.append(draft(text), 0, 0);
    byAge.append(draft(text), 0, 500);
    byAge.trim(999);
    expect(byAge.bytes).toBe(2 * size);
    byAge.trim(1_000);
    expect(byAge.bytes).toBe(size);
    byAge.trim(1_500);
    expect(byAge.bytes).toBe(0);
  });

  test("keeps the newest message though it is larger than all bytes of the log (P4)", () => {
    const log = logOf({ bytes: 1 }, draft("a"), draft("large"));
    expect(shown(log.read("start", ALL))).toEqual(["2+0"]);
  });

  test("shows a reader that is behind the newest entry of a collapse key, and declares the others (P2)", () => {
    const log = logOf({}, draft("1", "a"), draft("2", "b"), draft("3", "a"), draft("4"), draft("5", "a"));
    expect(shown(log.read(idAt(0), ALL))).toEqual(["2+1", "4+1", "5+0"]);
    expect(shown(log.read(idAt(2), ALL))).toEqual(["4+1", "5+0"]);
    expect(shown(log.read("start", ALL))).toEqual(["2+0", "4+1", "5+0"]);
  });

  test("spares the newest entry of each collapse key, for readers from the start (P2)", () => {
    const log = logOf({ messages: 2 }, draft("1", "a"), draft("2", "b"), draft("3"), draft("4"), draft("5"));
    expect(shown(log.read("start", ALL))).toEqual(["1+0", "2+0", "4+1", "5+0"]);
    expect(shown(log.read(idAt(1), ALL))).toBe("trimmed");
    expect(log.oldest.seq).toBe(1);
    log.append(draft("6", "a"), 0, 0);
    expect(shown(log.read("start", ALL))).toEqual(["2+0", "5+2", "6+0"]);
  });

  test("continues a cursor before trimmed entries that were all collapsed (P2)", () => {
    const log = logOf(
      { messages: 2 },
      ...Array.from({ length: 9 }, (_, i) => draft(String(i), i % 2 ? "odd" : "even")),
    );
    expect(shown(log.read(idAt(1), ALL))).toEqual(["8+6", "9+0"]);
  });

  test("lets the oldest spared entries go beyond latestKeys and beyond its bytes (P6)", () => {
    const drafts = ["a", "b", "c", "d"].map((key) => draft(key, key));
    expect(shown(logOf({ messages: 1, latestKeys: 2 }, ...drafts).read("start", ALL))).toEqual(["2+0", "3+0", "4+0"]);
    const twoEntries = 2 * (ENTRY_OVERHEAD_BYTES + 1);
    const narrow = logOf({ messages: 1, bytes: twoEntries }, ...drafts);
    expect(shown(narrow.read("start", ALL))).toEqual(["2+0", "3+0", "4+0"]);
    expect(narrow.bytes).toBe(3 * (ENTRY_OVERHEAD_BYTES + 1));
    expect(shown(narrow.read(idAt(0), ALL))).toBe("trimmed");
  });

  test("ends no page from the start where the next one would be a gap (P2)", () => {
    const log = logOf({ messages: 2 }, draft("1", "a"), draft("2", "b"), draft("3"), draft("4"), draft("5"));
    expect(shown(log.read("start", { messages: 1, bytes: 1 }))).toEqual(["1+0", "2+0", "4+1"]);
  });

  test("shows history backwards as it was, nothing collapsed", () => {
    const log = logOf({ messages: 3 }, draft("1", "a"), draft("2"), draft("3", "b"), draft("4", "b"), draft("5"));
    const before = (seq: number | undefined, messages = 9, bytes = 99) =>
      log
        .readBefore(seq === undefined ? undefined : idAt(seq), { messages, bytes })
        .messages.map((one) => `${one.seq}+${one.skipped}`);
    expect(before(undefined)).toEqual(["1+0", "3+1", "4+0", "5+0"]);
    expect(before(undefined, 2)).toEqual(["4+0", "5+0"]);
    expect(before(undefined, 9, 2)).toEqual(["4+0", "5+0"]);
    expect(before(4)).toEqual(["1+0", "3+1"]);
    expect(before(2)).toEqual(["1+0"]);
    expect(before(1)).toEqual([]);
    expect(before(99)).toEqual(before(undefined));
    expect(log.readBefore(idAt(4, "m8x2k1b7cq0y"), ALL).messages).toEqual([]);
  });

  test("holds its own bytes: what the publisher does with the buffer later changes nothing (P4)", () => {
    const socketRead = new Uint8Array(1_000);
    const log = new MemoryLog(EPOCH, WIDE);
    log.append({ event: "message", payload: bytesPayload(socketRead.subarray(0, 2)) }, 0, 0);
    socketRead.fill(9);
    const page = log.read("start", ALL);
    const data = page.kind === "messages" ? page.messages[0]?.payload.data : undefined;
    expect(data).toEqual(Uint8Array.of(0, 0));
    expect((data as Uint8Array).buffer.byteLength).toBe(2);
  });

  test("finds every entry after its array has moved many times (P2)", () => {
    const log = logOf({ messages: 50_000, bytes: 1e9 });
    const one = draft("x");
    for (let i = 0; i < 200_000; i++) log.append(one, 0, 0);
    expect(log.head.seq).toBe(200_000);
    expect(shown(log.read(idAt(199_999), ALL))).toEqual(["200000+0"]);
    expect(shown(log.read(idAt(149_999), ALL))).toBe("trimmed");
    expect(shown(log.read(idAt(150_000), { messages: 1, bytes: 1 }))).toEqual(["150001+0"]);
  });
});

// --- against a model that keeps everything and looks at all of it each time ---

interface ModelEntry {
  readonly seq: number;
  readonly bytes: number;
  readonly time: number;
  readonly collapse: string | undefined;
}

function createModel(bounds: LogBounds) {
  const all: ModelEntry[] = [];
  const dropped = new Set<ModelEntry>();
  let now = 0;

  const isNewest = (entry: ModelEntry) =>
    !all.some((other) => other.seq > entry.seq && other.collapse === entry.collapse);
  const sum = (entries: readonly ModelEntry[]) => entries.reduce((bytes, entry) => bytes + entry.bytes, 0);
  const fits = (from: number) =>
    all.length - from <= bounds.messages &&
    (sum(all.slice(from)) <= bounds.bytes || from === all.length - 1) &&
    all.slice(from).every((entry) => now - entry.time < bounds.ageMs);
  const windowStart = () => {
    let from = 0;
    while (from < all.length && !fits(from)) from++;
    return from;
  };
  const spared = () =>
    all.slice(0, windowStart()).filter((one) => one.collapse !== undefined && isNewest(one) && !dropped.has(one));
  const lost = () =>
    all
      .slice(0, windowStart())
      .filter((entry) => entry.collapse === undefined || dropped.has(entry))
      .reduce((most, entry) => Math.max(most, entry.seq), 0);

  return {
    append(bytes: number, collapse: string | undefined) {
      all.push({ seq: all.length + 1, bytes, time: now, collapse });
      this.wait(0);
    },
    wait(ms: number) {
      now += ms;
      for (;;) {
        const kept = spared();
        const [oldest] = kept;
        if (!oldest) return;
        if (kept.length <= bounds.latestKeys && (sum(kept) <= bounds.bytes || kept.length === 1)) return;
        dropped.add(oldest);
      }
    },
    kept: () => [...spared(), ...all.slice(windowStart())],
    lost,
    get now() {
      return now;
    },
    bytes: () => sum([...spared(), ...all.slice(windowStart())]),
    visible: (after: number) =>
      [...spared(), ...all.slice(windowStart())].filter(
        (entry) => entry.seq > after && (entry.collapse === undefined || isNewest(entry)),
      ),
  };
}

const collapseKey = fc.option(fc.constantFrom("a", "b", "c", "d"), { nil: undefined });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ size: fc.nat(40), collapse: collapseKey }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.nat(60) }) },
);
const someBounds: fc.Arbitrary<LogBounds> = fc.record({
  messages: fc.integer({ min: 1, max: 12 }),
  bytes: fc.integer({ min: 1, max: 8 * ENTRY_OVERHEAD_BYTES }),
  ageMs: fc.integer({ min: 1, max: 100 }),
  latestKeys: fc.integer({ min: 1, max: 3 }),
});
const someLimit: fc.Arbitrary<PageLimit> = fc.record({
  messages: fc.integer({ min: 1, max: 5 }),
  bytes: fc.integer({ min: 1, max: 100 }),
});

describe("a log against a model that keeps everything", () => {
  test("keeps, shows, declares and misses the same after any appends and waits (P2, P6)", () => {
    fc.assert(
      fc.property(someBounds, fc.array(step, { maxLength: 50 }), someLimit, (bounds, steps, limit) => {
        const log = new MemoryLog(EPOCH, bounds);
        const model = createModel(bounds);
        for (const one of steps) {
          if ("wait" in one) {
            model.wait(one.wait);
            log.trim(model.now);
          } else {
            const next = draft("x".repeat(one.size), one.collapse);
            const before = log.bytes;
            const released = log.releasedBy(next, model.now);
            model.append(one.size + ENTRY_OVERHEAD_BYTES, one.collapse);
            log.append(next, 0, model.now);
            const grown = one.size + ENTRY_OVERHEAD_BYTES - (log.bytes - before);
            expect(released).toBeLessThanOrEqual(grown); // never promises room that there is not
          }
          expect(log.bytes).toBe(model.bytes());
          expect(log.oldest.seq).toBe(model.kept()[0]?.seq ?? log.head.seq);
        }
        for (let seq = 0; seq <= log.head.seq; seq++) {
          const page = log.read(idAt(seq), ALL);
          if (seq < model.lost()) expect(shown(page)).toBe("trimmed");
          else expect(seqs(page)).toEqual(model.visible(seq).map((entry) => entry.seq));
          expectDeclared(page, seq);
        }
        const start = log.read("start", ALL);
        expect(seqs(start)).toEqual(model.visible(0).map((entry) => entry.seq));
        expectDeclared(start, start.kind === "messages" ? (start.messages[0]?.seq ?? 1) - 1 : 0);
        expectPagesJoin(log, limit);
        expectHistory(log, limit, model.kept());
      }),
      { numRuns: 300 },
    );
  });
});

function seqs(page: Page): number[] {
  return page.kind === "messages" ? page.messages.map(({ seq }) => seq) : [];
}

/** From `seq` on, each message says how many ids before it are not shown. */
function expectDeclared(page: Page, seq: number): void {
  if (page.kind !== "messages") return;
  let last = seq;
  for (const message of page.messages) {
    expect(message.skipped).toBe(message.seq - last - 1);
    last = message.seq;
  }
}

/** Reading from the start page by page shows what one large page does. */
function expectPagesJoin(log: MemoryLog, limit: PageLimit): void {
  const whole = seqs(log.read("start", ALL));
  const paged: number[] = [];
  let cursor: Cursor = "start";
  for (;;) {
    const page = log.read(cursor, limit);
    if (page.kind === "gap") {
      // Only when everything after what trimming spared is gone: then there is no id that could carry the reader on.
      expect(paged).toEqual(whole);
      return;
    }
    const next = seqs(page);
    if (next.length === 0) break;
    paged.push(...next);
    cursor = idAt(next.at(-1) ?? 0);
  }
  expect(paged).toEqual(whole);
}

function expectHistory(log: MemoryLog, limit: PageLimit, kept: readonly ModelEntry[]): void {
  const read: number[] = [];
  for (let before: string | undefined; ; before = idAt(read[0] ?? 0)) {
    const { messages } = log.readBefore(before, limit);
    if (messages.length === 0) break;
    expect(messages.length).toBeLessThanOrEqual(limit.messages);
    read.unshift(...messages.map(({ seq }) => seq));
  }
  expect(read).toEqual(kept.map(({ seq }) => seq));
}
