import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSubscription, type Subscription } from "../../src/client/subscription.ts";
import type { ChannelFrame } from "../../src/client/transport.ts";
import { type Cursor, formatId, type MessagesFrame, type Received } from "../../src/protocol/index.ts";

const EPOCH = "m8x2k1b7cq0z";
const OTHER = "m8x2k1b7cq0y";
const id = (seq: number, epoch = EPOCH): string => formatId(epoch, seq);

/** A run of `count` messages from `first` on; `skipped` belongs to the first one. */
function run(first: number, count = 1, { skipped = 0, epoch = EPOCH } = {}): MessagesFrame {
  const messages = Array.from({ length: count }, (_, i) => ({
    seq: first + i,
    at: 0,
    event: "message",
    from: undefined,
    kind: "json" as const,
    data: first + i,
    skipped: i === 0 ? skipped : 0,
  }));
  return { t: "messages", channel: "room", epoch, messages };
}

const live = (seq: number, epoch = EPOCH): ChannelFrame => ({ t: "live", channel: "room", id: id(seq, epoch) });
const gap = (why: "trimmed" | "epoch" | "unknown", head: number, epoch = EPOCH): ChannelFrame => ({
  t: "gap",
  channel: "room",
  why,
  oldest: id(head, epoch),
  head: id(head, epoch),
});

interface Watched {
  readonly subscription: Subscription;
  /** `5`, `5 replayed`, `gap trimmed`, `live 5`, `hole`. */
  readonly log: string[];
}

function watch(from: Cursor, onMessage: (seq: number, subscription: Subscription) => void = () => {}): Watched {
  const log: string[] = [];
  const subscription = createSubscription(from, {
    message(message, _id, replayed) {
      log.push(replayed ? `${message.seq} replayed` : `${message.seq}`);
      onMessage(message.seq, subscription);
    },
    volatile: ({ data }) => log.push(`volatile ${data}`),
    gap: ({ why }) => log.push(`gap ${why}`),
    live: (at) => log.push(`live ${at.slice(-1)}`),
    members: ({ members }) => log.push(`members ${members.map(({ member }) => member).join()}`),
    hole: () => log.push("hole"),
    unsure: () => log.push("unsure"),
    failed: (code) => log.push(code),
  });
  return { subscription, log };
}

const volatileRun = (...texts: string[]): ChannelFrame => ({
  t: "messages",
  channel: "room",
  epoch: undefined,
  messages: texts.map((data) => ({
    ...({ seq: 0, at: 0, event: "message", from: undefined, kind: "text", skipped: 0 } as const),
    data,
  })),
});

describe("volatile messages", () => {
  test("are handed over while the reader is live, and move no cursor (P1, P2)", () => {
    const { subscription, log } = watch(id(3));
    for (const frame of [volatileRun("early"), run(4), live(4), volatileRun("a", "b"), run(5)])
      subscription.take(frame);
    expect(log).toEqual(["4 replayed", "live 4", "volatile a", "volatile b", "5"]);
    expect([subscription.received, subscription.cursor]).toEqual([id(5), id(5)]);
  });

  test("of a link that was left, or of a subscription before this one on the same link, are not (P1)", () => {
    const { subscription, log } = watch(id(3));
    subscription.take(live(3));
    subscription.restart();
    subscription.take(volatileRun("on another link, not live yet"));
    subscription.retake();
    subscription.take(volatileRun("of the one before"));
    subscription.take(live(3));
    subscription.take(volatileRun("mine"));
    subscription.end();
    subscription.take(volatileRun("late"));
    expect(log).toEqual(["live 3", "live 3", "volatile mine"]);
  });
});

describe("what a gap brings", () => {
  const entry = (seq: number): Received => ({
    ...{ at: 0, event: "message", from: undefined, kind: "text", data: "x", skipped: 0 },
    seq,
  });
  const gapWith = (why: "trimmed" | "epoch" | "unknown", head: number, epoch: string, ...seqs: number[]) =>
    ({ ...gap(why, head, epoch), latest: seqs.map(entry) }) as ChannelFrame;

  test("is handed over behind it, as replayed, and the cursor is the gap's head afterwards (P2)", () => {
    const seen: string[] = [];
    const { subscription, log } = watch(id(3), (_, { received, cursor }) => {
      seen.push(`${received} ${cursor}`);
    });
    subscription.take(gapWith("trimmed", 9, EPOCH, 5, 8));
    subscription.take(run(10));
    expect(log).toEqual(["gap trimmed", "5 replayed", "8 replayed", "10 replayed"]);
    expect(seen.slice(0, 2)).toEqual([`${id(9)} ${id(3)}`, `${id(9)} ${id(3)}`]);
    expect(subscription.cursor).toBe(id(10));
  });

  test("is handed over but for what the reader has already (P2)", () => {
    const { subscription, log } = watch(id(3));
    subscription.take(run(4, 3));
    subscription.take(gapWith("trimmed", 9, EPOCH, 5, 8)); // an older stream was quicker
    subscription.take(gapWith("unknown", 7, EPOCH, 2)); // the log lost its end: what it says now counts
    expect(log.slice(3)).toEqual(["gap trimmed", "8 replayed", "gap unknown", "2 replayed"]);
  });
});

describe("a subscription", () => {
  test("takes members at any time, and goes on after their id (P2, P8)", () => {
    const members = (seq: number): ChannelFrame => ({
      t: "presence",
      channel: "a",
      id: id(seq),
      members: [{ member: "ana", state: 1 }],
    });
    const { subscription, log } = watch("now");
    subscription.take(members(3));
    expect(subscription.received).toBe(id(3));
    subscription.take(live(3));
    subscription.take(run(4, 1));
    subscription.take(members(9));
    subscription.take(run(10, 1));
    subscription.retake();
    subscription.take(members(12));
    subscription.take(run(13, 1));
    expect(log).toEqual(["members ana", "live 3", "4", "members ana", "10", "members ana", "13"]);
    expect(subscription.cursor).toBe(id(13));
  });

  test("takes what joins up, and drops repeats (P2)", () => {
    const { subscription, log } = watch(id(3));
    for (const frame of [run(4, 2), live(5), run(4, 3), run(6), run(7)]) subscription.take(frame);
    expect(log).toEqual(["4 replayed", "5 replayed", "live 5", "6", "7"]);
    expect(subscription.received).toBe(id(7));
  });

  test("calls a missing id a hole and takes nothing beyond it (P2)", () => {
    const { subscription, log } = watch(id(3));
    subscription.take(run(5, 2));
    expect(log).toEqual(["hole"]);
    expect(subscription.received).toBe(id(3));
  });

  test("finds a hole inside a run (P2)", () => {
    const { subscription, log } = watch(id(3));
    const { messages, ...rest } = run(4, 3);
    subscription.take({ ...rest, messages: messages.filter(({ seq }) => seq !== 5) });
    expect(log).toEqual(["4 replayed", "hole"]);
  });

  test("counts ids that are declared as skipped as received (P2)", () => {
    const { subscription, log } = watch(id(3));
    subscription.take(run(6, 1, { skipped: 2 }));
    subscription.take(run(8, 1, { skipped: 0 }));
    expect(log).toEqual(["6 replayed", "hole"]);
  });

  test("takes a skip that reaches back before its place", () => {
    const { subscription, log } = watch(id(5));
    subscription.take(run(7, 1, { skipped: 6 }));
    expect(log).toEqual(["7 replayed"]);
  });

  test.each(["start", "now"] as const)("from %s takes a first run wherever it begins, then checks (P2)", (from) => {
    const { subscription, log } = watch(from);
    for (const frame of [run(40), run(41), run(43)]) subscription.take(frame);
    expect(log).toEqual(["40 replayed", "41 replayed", "hole"]);
  });

  test("takes its place from live where it had none (P3)", () => {
    const { subscription, log } = watch("now");
    expect(subscription.cursor).toBe("now");
    subscription.take(live(7));
    expect([subscription.cursor, subscription.received]).toEqual([id(7), id(7)]);
    subscription.take(run(9));
    expect(log).toEqual(["live 7", "hole"]);
  });

  test("calls another epoch without a gap a hole (P2)", () => {
    for (const frame of [run(4, 1, { epoch: OTHER }), live(3, OTHER)]) {
      const { subscription, log } = watch(id(3));
      subscription.take(frame);
      expect(log).toEqual(["hole"]);
    }
  });

  test("goes on after the head of a gap, also in another epoch (P2)", () => {
    const { subscription, log } = watch(id(3));
    for (const frame of [gap("epoch", 9, OTHER), run(10, 1, { epoch: OTHER }), live(10, OTHER)])
      subscription.take(frame);
    expect(log).toEqual(["gap epoch", "10 replayed", "live a"]);
    expect(subscription.cursor).toBe(id(10, OTHER));
  });

  test("goes back where the log lost its end (P2)", () => {
    const { subscription, log } = watch(id(9));
    for (const frame of [gap("unknown", 4), run(5)]) subscription.take(frame);
    expect(log).toEqual(["gap unknown", "5 replayed"]);
  });

  test("hears of no gap in what it has: an older stream may have delivered it meanwhile", () => {
    const { subscription, log } = watch(id(9));
    for (const frame of [gap("trimmed", 9), run(10)]) subscription.take(frame);
    expect(log).toEqual(["10 replayed"]);
  });

  test("hears of another epoch once, though two streams that change places both tell it (P2)", () => {
    const { subscription, log } = watch(id(3));
    const first = [gap("epoch", 5, OTHER), run(6, 2, { epoch: OTHER })];
    const second = [gap("epoch", 6, OTHER), run(7, 1, { epoch: OTHER })];
    for (const frame of [...first, ...second]) subscription.take(frame);
    expect(log).toEqual(["gap epoch", "6 replayed", "7 replayed"]);
  });

  test("says live once for each link", () => {
    const { subscription, log } = watch(id(3));
    for (const frame of [live(3), live(3)]) subscription.take(frame);
    subscription.restart();
    subscription.take(run(4));
    subscription.take(live(4));
    expect(log).toEqual(["live 3", "4 replayed", "live 4"]);
  });

  test("moves what is received before the handlers and the cursor after them (P3)", () => {
    const places: [Cursor, Cursor][] = [];
    const { subscription } = watch(id(3), (_seq, { received, cursor }) => places.push([received, cursor]));
    subscription.take(run(4, 2));
    expect(places).toEqual([
      [id(4), id(3)],
      [id(5), id(4)],
    ]);
    expect(subscription.cursor).toBe(id(5));
  });

  test("stops in the middle of a run when a handler ends it", () => {
    const { subscription, log } = watch(id(3), (seq, self) => {
      if (seq === 5) self.end();
    });
    subscription.take(run(4, 5));
    subscription.take(live(8));
    expect(log).toEqual(["4 replayed", "5 replayed"]);
  });

  test("delivers each message once and in order, however resumes overlap (P1, P2)", () => {
    const pieces = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.integer({ min: 1, max: 6 })), { maxLength: 40 });
    fc.assert(
      fc.property(pieces, (steps) => {
        const { subscription, log } = watch(id(1));
        let head = 1;
        for (const [back, count] of steps) {
          const first = Math.max(2, head + 1 - back);
          subscription.take(run(first, count));
          head = Math.max(head, first + count - 1);
        }
        expect(log).toEqual(Array.from({ length: head - 1 }, (_, i) => `${i + 2} replayed`));
      }),
    );
  });

  test("taken again on a link where frames of an earlier one may come first, it takes what is its own (P1, P2)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8 }), // where the earlier one stood
        fc.integer({ min: 0, max: 5 }), // what came for it meanwhile
        fc.integer({ min: 0, max: 5 }), // what was appended until the server read the new subscribe
        fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }), // from an id, or from now
        fc.integer({ min: 1, max: 4 }),
        (stood, tail, more, from, step) => {
          const head = stood + tail + more;
          const cursor = from === undefined ? undefined : Math.min(from, head);
          const { subscription, log } = watch(cursor === undefined ? "now" : id(cursor));
          subscription.retake();
          const bring = (first: number, last: number): void => {
            for (let seq = first; seq <= last; seq += step) subscription.take(run(seq, Math.min(step, last - seq + 1)));
          };
          bring(stood + 1, stood + tail);
          if (cursor !== undefined) bring(cursor + 1, head);
          subscription.take(live(head));
          bring(head + 1, head + 3);
          const seen = log.flatMap((line) => (/^[0-9]/.test(line) ? [Number.parseInt(line, 10)] : []));
          const first = (cursor ?? head) + 1;
          expect(seen).toEqual(Array.from({ length: head + 4 - first }, (_, i) => first + i));
          expect(log).not.toContain("hole");
        },
      ),
    );
  });

  test("from then on it is as strict as any: a missing id is a hole (P2)", () => {
    const { subscription, log } = watch(id(3));
    subscription.retake();
    for (const frame of [run(9), run(4), run(6)]) subscription.take(frame);
    expect(log).toEqual(["4 replayed", "hole"]);
    const { subscription: fresh, log: told } = watch("now");
    fresh.retake();
    for (const frame of [run(9), gap("trimmed", 9), live(5), run(7)]) fresh.take(frame);
    expect(told).toEqual(["live 5", "hole"]);
  });

  test("a gap that may be the earlier one's is not believed: a fresh link has to tell (P2)", () => {
    const { subscription, log } = watch(id(15));
    subscription.retake();
    subscription.take(gap("trimmed", 20));
    expect([log, subscription.received]).toEqual([["unsure"], id(15)]);
    subscription.restart();
    for (const frame of [run(16, 5), live(20)]) subscription.take(frame);
    expect(log.slice(1)).toEqual([16, 17, 18, 19, 20].map((seq) => `${seq} replayed`).concat("live k"));
  });
});
