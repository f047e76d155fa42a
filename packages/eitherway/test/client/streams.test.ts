import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readStream, type StreamSnapshot } from "../../src/client/streams.ts";
import { formatId, type MessagesFrame, parseId } from "../../src/protocol/index.ts";
import { createStage, type FakeLink, type Stage } from "./support.ts";

const LOG = "@stream/job/7/answer";
const EPOCH = "m8x2k1b7cq0z";
const OTHER = "m8x2k1b7cq10";

const at = (seq: number, epoch = EPOCH): string => formatId(epoch, seq);
const live = (seq: number, epoch = EPOCH) => ({ t: "live", channel: LOG, id: at(seq, epoch) }) as const;
const gap = (why: "epoch" | "trimmed" | "unknown", seq: number, epoch = EPOCH) =>
  ({ t: "gap", channel: LOG, why, oldest: at(seq, epoch), head: at(seq, epoch) }) as const;

/** One message; `skipped` ids before it were joined into it. */
function frame(seq: number, event: string, data: unknown, skipped = 0, epoch = EPOCH): MessagesFrame {
  const kind = typeof data === "string" ? "text" : data instanceof Uint8Array ? "bytes" : "json";
  return {
    t: "messages",
    channel: LOG,
    epoch,
    messages: [{ seq, skipped, at: 0, event, from: undefined, kind, data }],
  };
}

const piece = (seq: number, data: unknown, skipped = 0, epoch = EPOCH) => frame(seq, "piece", data, skipped, epoch);
const end = (seq: number, epoch = EPOCH) => frame(seq, "end", null, 0, epoch);
const failed = (seq: number, code: string) => frame(seq, "failed", { code, message: "It is no more." });

async function openStage(options: Parameters<typeof createStage>[0] = {}): Promise<Stage> {
  const stage = createStage(options);
  stage.client.channel("other").on("message", () => {});
  await stage.settle();
  return stage;
}

const read = (stage: Stage) => readStream(stage.client, "job/7", "answer");

/** What became of a promise by now. */
async function outcome(stage: Stage, promise: Promise<unknown>): Promise<unknown> {
  const settled = promise.catch((thrown: { code: string }) => thrown.code);
  await stage.settle();
  return Promise.race([settled, Promise.resolve("waits")]);
}

describe("a stream", () => {
  test("is read from its start, over one subscription, by all who read it with one client (P2)", async () => {
    const stage = await openStage();
    const first = read(stage).text();
    await stage.settle();
    stage.link.say(piece(1, "one "), live(1));
    const second = read(stage).text();
    stage.link.say(piece(2, "two"), end(3));
    expect(await Promise.all([first, second])).toEqual(["one two", "one two"]);
    await stage.pass(200);
    expect(stage.link.changes).toEqual([`+${LOG}@start`, `-${LOG}`]);
  });

  test("whose reader leaves and comes back in a moment is read once more, whole (P2)", async () => {
    const stage = await openStage();
    const stop = read(stage).on(() => {});
    await stage.settle();
    stage.link.say(piece(2, "one ", 1), live(2));
    stop();
    const text = read(stage).text();
    await stage.settle();
    expect(stage.link.changes).toEqual([`+${LOG}@start`, `+${LOG}@${at(0)}`]);
    stage.link.say(piece(2, "one ", 1), piece(3, "two"), end(4));
    expect(await text).toBe("one two");
  });

  test("begins anew under a handle that was further on", async () => {
    const stage = await openStage();
    stage.client.channel(LOG).on("message", () => {});
    await stage.settle();
    stage.link.say(live(2), piece(3, "two"));
    const text = read(stage).text();
    await stage.settle();
    expect(stage.link.changes).toEqual([`+${LOG}@now`, `+${LOG}@${at(0)}`]);
    stage.link.say(piece(3, "one two", 2), end(4));
    expect(await text).toBe("one two");
  });

  test("has no text twice where a joined piece reaches back before what is known (P2)", async () => {
    const stage = await openStage();
    const reader = read(stage);
    const text = reader.text();
    await stage.settle();
    stage.link.say(piece(2, "one ", 1), live(2));
    stage.link.say(piece(4, "ne two ", 2)); // as of a link whose hello was older
    await stage.settle();
    expect(reader.snapshot.text).toBe("one ");
    expect(stage.link.changes.at(-1)).toBe(`+${LOG}@${at(0)}`);
    stage.link.say(piece(5, "one two three", 4), end(6));
    expect(await text).toBe("one two three");
    expect(stage.client.status).toMatchObject({ links: 1, holes: 0, gaps: 0 });
  });

  test("is a snapshot that changes at most once a turn, and is the same until it does", async () => {
    const stage = await openStage();
    const reader = read(stage);
    const seen: StreamSnapshot<string>[] = [];
    expect(reader.snapshot).toMatchObject({ state: "waiting", text: "", restarts: 0 });
    const stop = reader.on((snapshot) => seen.push(snapshot));
    await stage.settle();
    stage.link.say(piece(1, "a"), piece(2, "b"));
    await stage.settle();
    stage.link.say(end(3));
    await stage.settle();
    expect(seen.map(({ state, chunks }) => [state, ...chunks])).toEqual([
      ["open", "a", "b"],
      ["ended", "a", "b"],
    ]);
    expect(reader.snapshot).toBe(seen[1]);
    stop();
    expect(reader.snapshot.state).toBe("waiting");
  });

  test("that begins anew throws in a loop that had some of it, and is waited for by who had none (P2)", async () => {
    const stage = await openStage();
    const loop = read(stage)[Symbol.asyncIterator]();
    const [text, seen] = [read(stage).text(), [] as string[]];
    read(stage).on(({ state, text, restarts }) => seen.push(`${state} ${text} ${restarts}`));
    await stage.settle();
    stage.link.say(piece(1, "old"), live(1));
    expect(await loop.next()).toEqual({ done: false, value: "old" });
    const next = loop.next();
    stage.link.say(gap("epoch", 2, OTHER));
    expect(await outcome(stage, next)).toBe("stream-over");
    expect(stage.link.changes.at(-1)).toBe(`+${LOG}@${at(0, OTHER)}`);
    stage.link.say(piece(2, "new ", 1, OTHER), live(2, OTHER), piece(3, "text", 0, OTHER), end(4, OTHER));
    expect(await outcome(stage, text)).toBe("new text");
    expect(seen).toEqual(["open old 0", "waiting  1", "ended new text 1"]);
  });

  test("that has lost its end begins anew (P2, P4)", async () => {
    const stage = await openStage();
    const reader = read(stage);
    const text = reader.text();
    await stage.settle();
    stage.link.say(piece(5, "lost", 4), live(5), gap("unknown", 2));
    await stage.settle();
    stage.link.say(piece(2, "kept ", 1), piece(3, "again"), end(4));
    expect(await text).toBe("kept again");
  });

  test("that is over and not kept any more is said to be so (P12)", async () => {
    const stage = await openStage();
    const texts = [read(stage).text()];
    await stage.settle();
    stage.link.say(live(3));
    expect(await outcome(stage, texts[0] as Promise<string>)).toBe("stream-over");
    await stage.pass(200);
    const later = read(stage).text();
    await stage.settle();
    stage.link.say(piece(1, "a"), live(1), gap("trimmed", 3));
    expect(await outcome(stage, later)).toBe("stream-over");
  });

  test("that failed is an error with the code and the sentence of its producer (P12)", async () => {
    const stage = await openStage();
    const reader = read(stage);
    const loop = reader[Symbol.asyncIterator]();
    const text = reader.text();
    await stage.settle();
    stage.link.say(piece(1, "half"), failed(2, "producer-lost"));
    await expect(text).rejects.toMatchObject({
      code: "stream-failed",
      message: "It is no more.",
      details: { code: "producer-lost" },
    });
    expect(await loop.next()).toEqual({ done: false, value: "half" });
    await expect(loop.next()).rejects.toMatchObject({ code: "stream-failed" });
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  test("that is refused for good rejects; one that is refused for now is asked for again (P12)", async () => {
    const stage = await openStage();
    const text = read(stage).text();
    await stage.settle();
    const refusal = { t: "error", channel: LOG, message: "No." } as const;
    stage.link.say({ ...refusal, code: "too-many-channels" });
    expect(await outcome(stage, text)).toBe("waits");
    await stage.pass(5_000);
    stage.client.on("error", () => {});
    stage.link.say({ ...refusal, code: "too-many-subscriptions" });
    expect(await outcome(stage, text)).toBe("too-many-subscriptions");
  });

  test("is not waited for by a client that was closed", async () => {
    const stage = await openStage();
    const text = read(stage).text();
    await stage.settle();
    await stage.client.close();
    expect(await outcome(stage, text)).toBe("closed");
    expect(await outcome(stage, read(stage).bytes())).toBe("closed");
  });

  test("left in the middle of a loop ends its subscription", async () => {
    const stage = await openStage();
    const chunks: string[] = [];
    const looping = (async () => {
      for await (const chunk of read(stage)) {
        chunks.push(chunk);
        break;
      }
    })();
    await stage.settle();
    stage.link.say(piece(1, "a"), piece(2, "b"));
    await looping;
    await stage.pass(200);
    expect(chunks).toEqual(["a"]);
    expect(stage.link.changes.at(-1)).toBe(`-${LOG}`);
  });

  test("of bytes is bytes, or text in UTF-8; one of text is text, or bytes", async () => {
    const stage = await openStage();
    const reader = readStream<Uint8Array>(stage.client, "job/7", "answer");
    const whole = [reader.bytes(), reader.text()];
    await stage.settle();
    const [head, tail] = [new Uint8Array([0xc3]), new Uint8Array([0xa9])];
    stage.link.say(piece(1, head), piece(2, tail), end(3));
    expect(await Promise.all(whole)).toEqual([new Uint8Array([0xc3, 0xa9]), "é"]);
    await stage.pass(200);
    const bytes = read(stage).bytes();
    await stage.settle();
    stage.link.say(piece(1, "é"), end(2));
    expect(await bytes).toEqual(new Uint8Array([0xc3, 0xa9]));
  });

  test("takes no publish, and nothing is sent of one (P12)", async () => {
    const stage = await openStage();
    expect(await outcome(stage, stage.client.channel(LOG).publish(1))).toBe("reserved-channel");
    expect(stage.link.keys).toEqual([]);
  });

  test("needs a channel and a name of one segment (P12)", async () => {
    const stage = await openStage();
    expect(() => readStream(stage.client, "a//b", "c")).toThrowError(expect.objectContaining({ code: "bad-channel" }));
    expect(() => readStream(stage.client, "a", "b/c")).toThrowError(expect.objectContaining({ code: "bad-channel" }));
    expect(stage.link.changes).toEqual([]);
  });

  test("is a beginning of what was appended at any time and all of it in the end, wherever frames overlap (P2)", async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ append: fc.string({ maxLength: 4 }) }) },
      { weight: 3, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ back: fc.integer({ min: 1, max: 4 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const stage = await openStage();
        const reader = read(stage);
        const text = reader.text();
        await stage.settle();
        const log = createPlayedLog(() => stage.link);
        for (const one of steps) {
          if ("append" in one) log.append(one.append);
          else if ("send" in one) log.send(one.send);
          else log.goBack(one.back);
          await stage.settle();
          expect(log.whole.startsWith(reader.snapshot.text)).toBe(true);
        }
        log.end();
        for (let n = 0; n <= steps.length + 1; n++) {
          log.send(1_000);
          await stage.settle();
        }
        expect(await outcome(stage, text)).toBe(log.whole);
        expect(stage.client.status).toMatchObject({ holes: 0, gaps: 0 });
        await stage.client.close();
      }),
      { numRuns: 60 },
    );
  });
});

/** A server with one log, whose subscription may be sent what it has already, as where two links overlap. */
function createPlayedLog(link: () => FakeLink) {
  const parts: string[] = [];
  let sent = 0;
  let changes = 1;
  let ended = false;
  return {
    get whole() {
      return parts.join("");
    },
    append: (part: string) => parts.push(part),
    end() {
      ended = true;
    },
    goBack(by: number) {
      sent = Math.max(0, sent - by);
    },
    /** The next `count` parts as one. */
    send(count: number) {
      const asked = link().changes.slice(changes).at(-1);
      changes = link().changes.length;
      if (asked) sent = parseId(asked.slice(asked.indexOf("@", 2) + 1))?.seq ?? 0;
      const joined = parts.slice(sent, sent + count);
      if (joined.length > 0) {
        sent += joined.length;
        link().say(piece(sent, joined.join(""), joined.length - 1));
      } else if (ended) link().say(end(parts.length + 1));
    },
  };
}
