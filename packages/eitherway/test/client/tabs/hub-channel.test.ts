/** One channel of a hub, between a log that the test plays and readers that check what they get as any client does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSubscription, type Subscription } from "../../../src/client/subscription.ts";
import { endOf } from "../../../src/client/tabs/frame-ring.ts";
import { createHubChannel, type HubChannel } from "../../../src/client/tabs/hub-channel.ts";
import { type Cursor, formatId, type MessagesFrame, parseId, type Received } from "../../../src/protocol/index.ts";
import { createFakeClock } from "../../../src/testing/index.ts";

const EPOCHS = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"] as const;

/** A log that keeps its last messages, and the one stream that a link has of it. */
function createLog(kept: number) {
  let epoch = 0;
  let head = 0;
  let oldest = 1;
  /** Not for this reader, as what was collapsed. */
  let hidden = new Set<number>();
  /** Where the stream stands; `undefined` before it has begun. */
  let stream:
    | { readonly feed: Subscription; at: { epoch: string; seq: number } | undefined; live: boolean }
    | undefined;

  const id = (seq = head): string => formatId(EPOCHS[epoch] as string, seq);

  /** As many messages as asked for, of those after a place that are not hidden. */
  function runAfter(place: number, most: number): MessagesFrame | undefined {
    const messages: Received[] = [];
    let skipped = 0;
    for (let seq = place + 1; seq <= head && messages.length < most; seq++) {
      if (hidden.has(seq)) {
        skipped++;
        continue;
      }
      messages.push({ seq, at: 0, event: "message", from: undefined, kind: "text", data: id(seq), skipped });
      skipped = 0;
    }
    return messages.length === 0
      ? undefined
      : { t: "messages", channel: "room", epoch: EPOCHS[epoch] as string, messages };
  }

  return {
    id,
    get oldest() {
      return oldest;
    },
    get epoch() {
      return EPOCHS[epoch] as string;
    },
    get head() {
      return head;
    },
    /** Every `nth` of them is hidden. */
    append(count: number, nth = Number.POSITIVE_INFINITY) {
      for (let i = 1; i <= count; i++) if (i % nth === 0) hidden.add(head + i);
      head += count;
      oldest = Math.max(oldest, head - kept + 1);
    },
    /** Another life of the log. */
    renew() {
      if (epoch === EPOCHS.length - 1) return;
      epoch++;
      head = 0;
      oldest = 1;
      hidden = new Set();
    },
    /** The link asks for what the hub wants now. Frames of the stream before are not on their way any more. */
    ask(feed: Subscription | undefined) {
      stream = feed && { feed, at: undefined, live: false };
    },
    get asked() {
      return stream?.feed;
    },
    /** One frame, at most so many messages in it. `false`: there is nothing to say. */
    say(most: number): boolean {
      if (!stream) return false;
      const { feed } = stream;
      if (!stream.at) {
        const { received } = feed;
        stream.at =
          received === "start"
            ? { epoch: EPOCHS[epoch] as string, seq: oldest - 1 }
            : (parseId(received) ?? { epoch: EPOCHS[epoch] as string, seq: head });
      }
      const { at } = stream;
      const why =
        at.epoch !== EPOCHS[epoch] ? "epoch" : at.seq > head ? "unknown" : at.seq + 1 < oldest ? "trimmed" : undefined;
      if (why) {
        stream.at = { epoch: EPOCHS[epoch] as string, seq: head };
        feed.take({ t: "gap", channel: "room", why, oldest: id(Math.min(oldest, head)), head: id() });
        return true;
      }
      const run = runAfter(at.seq, most);
      if (run) {
        stream.at = endOf(run.epoch as string, run);
        feed.take(run);
        return true;
      }
      if (stream.live) return false;
      stream.live = true;
      stream.at = { epoch: at.epoch, seq: head };
      feed.take({ t: "live", channel: "room", id: id() });
      return true;
    },
  };
}

type Log = ReturnType<typeof createLog>;

function createReader(channel: HubChannel, log: Log, from: Cursor) {
  const faults: string[] = [];
  const seen: string[] = [];
  let lives = 0;
  const subscription = createSubscription(from, {
    message: (message, id) => {
      if (message.data !== id) faults.push(`${String(message.data)} as ${id}`);
      seen.push(id);
    },
    volatile: ({ data }) => seen.push(`volatile ${String(data)}`),
    unsure: () => faults.push("unsure"),
    gap({ why }) {
      seen.push(`gap ${why}`);
    },
    live() {
      lives++;
      if (!channel.feed?.live) faults.push("live before the hub is");
    },
    members: ({ members }) => seen.push(`members ${members.length}`),
    hole: () => faults.push("hole"),
    failed: (code) => faults.push(code),
  });
  const leave = channel.join(from, (frame) => {
    if (frame.t === "error") {
      subscription.fail(frame.code, frame.message);
      return;
    }
    const at = parseId(subscription.received);
    if (frame.t === "gap" && frame.why !== "unknown" && at?.epoch === log.epoch && at.seq + 1 >= log.oldest) {
      faults.push(`a gap at ${at.seq}, though ${log.oldest} to ${log.head} are kept`);
    }
    subscription.take(frame);
  });
  return {
    faults,
    seen,
    subscription,
    leave,
    get lives() {
      return lives;
    },
  };
}

function createScene(kept = 1_000) {
  const clock = createFakeClock();
  const log = createLog(kept);
  const holes: string[] = [];
  let changed = false;
  const channel = createHubChannel("room", {
    clock,
    changed: () => {
      changed = true;
    },
    hole: () => holes.push("hole"),
  });
  /** The link takes note of what has changed. */
  function ask(): void {
    if (changed) log.ask(channel.feed);
    changed = false;
  }

  return {
    clock,
    log,
    channel,
    holes,
    join: (from: Cursor) => createReader(channel, log, from),
    ask,
    /** Everything is said. */
    settle(most = 100) {
      do ask();
      while (log.say(most) || changed);
    },
  };
}

describe("a channel of a hub", () => {
  test("passes what is volatile on to those who are live, and keeps nothing of it (P1)", () => {
    const { log, channel, join, settle, ask } = createScene();
    log.append(3);
    const ahead = join("now");
    settle();
    const feed = channel.feed;
    const fresh = join("start");
    const moment = { seq: 0, at: 0, event: "message", from: undefined, kind: "text", data: "v", skipped: 0 } as const;
    const frame: MessagesFrame = { t: "messages", channel: "room", epoch: undefined, messages: [moment] };
    feed?.take(frame); // of the feed before: it is asked anew for the second reader
    ask();
    channel.feed?.take(frame);
    settle();
    channel.feed?.take(frame);
    expect(ahead.seen).toEqual(["volatile v", "volatile v"]);
    expect(fresh.seen).toEqual([log.id(1), log.id(2), log.id(3), "volatile v"]);
    expect([...ahead.faults, ...fresh.faults]).toEqual([]);
  });

  test("asks anew for a reader that is behind what the ring has, and shows the others nothing of it (P2)", () => {
    const { log, channel, join, settle, ask } = createScene();
    log.append(400);
    const ahead = join("now");
    settle();
    ask();
    const feed = channel.feed;
    const behind = join(log.id(10));
    expect(channel.feed).not.toBe(feed);
    expect(channel.feed?.received).toBe(log.id(10));
    settle();
    expect(behind.seen.length).toBe(390);
    expect(ahead.seen).toEqual([]);
    expect([ahead.lives, behind.lives]).toEqual([1, 1]);
  });

  test("lets one reader begin where the log begins, and tells the other that its next message is gone (P2)", () => {
    const { log, join, settle } = createScene(20);
    log.append(10);
    const old = join(log.id(5));
    const fresh = join("start");
    log.append(90);
    settle();
    expect(fresh.seen).toEqual(Array.from({ length: 20 }, (_, i) => log.id(81 + i)));
    expect(old.seen).toEqual(["gap trimmed"]);
    expect([...old.faults, ...fresh.faults]).toEqual([]);
  });

  test("tells a reader of no gap in what the log still has for it, though another one has that gap (P2)", () => {
    const { log, join, settle } = createScene(20);
    log.append(100);
    const current = join("now");
    settle();
    const old = join(log.id(5));
    log.append(3); // on its way to nobody: the link is asking anew
    settle();
    expect(old.seen).toEqual(["gap trimmed"]);
    expect(current.seen).toEqual([log.id(101), log.id(102), log.id(103)]);
    expect([...old.faults, ...current.faults]).toEqual([]);
  });

  test("waits for a reader that was quicker elsewhere, and asks the log when that takes long (P2)", () => {
    const { log, join, settle, clock, channel, ask } = createScene();
    log.append(5);
    join("now");
    settle();
    const { feed } = channel;
    const quick = join(log.id(7));
    log.append(3);
    settle();
    expect(channel.feed).toBe(feed);
    expect([quick.seen, quick.lives]).toEqual([[log.id(8)], 1]);

    const lost = join(log.id(50)); // nothing will ever come to this place
    settle();
    expect([lost.seen, lost.lives]).toEqual([[], 0]);
    clock.advance(1_000);
    ask();
    settle();
    expect([lost.seen, lost.lives]).toEqual([["gap unknown"], 1]);
  });

  test("serves readers of two lives of the log, each with its own gap or none (P2)", () => {
    const { log, join, settle } = createScene();
    log.append(5);
    const old = join("start");
    settle();
    log.renew();
    log.append(4);
    const fresh = join(log.id(2)); // a tab that heard of it elsewhere
    settle();
    log.append(1);
    settle();
    expect(fresh.seen).toEqual([log.id(3), log.id(4), log.id(5)]);
    expect(old.seen.slice(5)).toEqual(["gap epoch", log.id(5)]);
    expect([...old.faults, ...fresh.faults]).toEqual([]);
  });

  test("keeps every reader exact, whatever joins, leaves, is appended or is lost in between (P1, P2)", () => {
    const cursor = fc.record({ kind: fc.constantFrom("start", "now", "id"), epoch: fc.nat(2), seq: fc.nat(60) });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("join" as const), cursor }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(3) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant("append" as const),
          count: fc.integer({ min: 1, max: 30 }),
          nth: fc.integer({ min: 1, max: 9 }),
        }),
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("ask" as const) }) },
      { weight: 8, arbitrary: fc.record({ do: fc.constant("say" as const), most: fc.integer({ min: 1, max: 9 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("renew" as const, "relink" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("pass" as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(15, 1_000), (steps, kept) => {
        const scene = createScene(kept);
        const { log, channel, clock, join, ask, settle } = scene;
        let readers: ReturnType<typeof join>[] = [];
        for (const each of steps) {
          if (each.do === "append") log.append(each.count, each.nth);
          else if (each.do === "ask") ask();
          else if (each.do === "say") log.say(each.most);
          else if (each.do === "renew") log.renew();
          else if (each.do === "pass") clock.advance(1_000);
          else if (each.do === "relink") {
            channel.feed?.restart();
            log.ask(channel.feed);
          } else if (each.do === "join") {
            const { kind, epoch, seq } = each.cursor;
            readers.push(join(kind === "id" ? formatId(EPOCHS[epoch] as string, seq) : (kind as Cursor)));
          } else if (each.do === "leave") {
            readers[each.which]?.leave();
            readers = readers.filter((_, i) => i !== each.which);
          }
        }
        for (let i = 0; i < 2 + readers.length; i++) {
          settle();
          clock.advance(1_000);
        }
        log.append(1);
        settle();
        for (const { faults, lives, subscription } of readers) {
          expect(faults).toEqual([]);
          expect(subscription.received).toBe(log.id());
          expect(lives).toBe(1);
        }
        expect(scene.holes).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
