/** Cases of the broker suite: what is appended, kept, read and trimmed. */
import assert from "node:assert/strict";
import { bytesPayload, jsonPayload, textPayload } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";
import {
  ALL,
  CHANNEL,
  draft,
  idBy,
  idOf,
  partsOf,
  publishTexts,
  readGap,
  readPage,
  readTexts,
  shownOf,
  textsOf,
} from "./support.ts";

const HOUR = 60 * 60_000;

export const logCases: readonly BrokerCase[] = [
  {
    name: "appends in the order of the calls and of their drafts, with ids that count up by one (P1, P4)",
    async run(broker) {
      const calls = [["a", "b"], ["c"], ["d", "e"]];
      const answers = await Promise.all(
        calls.map((texts) =>
          broker.publish(
            CHANNEL,
            texts.map((text) => draft(text)),
          ),
        ),
      );
      const ids = answers.flat().map((receipt) => partsOf(idOf(receipt)));
      assert.deepEqual(
        ids.map(({ seq }) => seq),
        [1, 2, 3, 4, 5],
      );
      assert.equal(new Set(ids.map(({ epoch }) => epoch)).size, 1);
      assert.deepEqual(await readTexts(broker, "start"), ["a", "b", "c", "d", "e"]);
    },
  },
  {
    name: "shows what was acknowledged after every cursor, exactly once (P2, P4)",
    async run(broker) {
      const texts = ["a", "b", "c", "d"];
      const ids = await publishTexts(broker, CHANNEL, ...texts);
      for (const [at, id] of ids.entries()) assert.deepEqual(await readTexts(broker, id), texts.slice(at + 1));
      const [first = ""] = ids;
      assert.deepEqual(await readTexts(broker, idBy(first, -1)), texts);
      assert.deepEqual(await readTexts(broker, "now"), []);
    },
  },
  {
    name: "keeps event, sender and payload of each kind as they were published (P4)",
    async run(broker) {
      const payloads = [
        jsonPayload({ text: "hé\u2028" }),
        textPayload(""),
        textPayload("line\r\n\u0000 😀"),
        bytesPayload(Uint8Array.of(0, 255, 10)),
        bytesPayload(new Uint8Array(0)),
      ];
      await broker.publish(
        CHANNEL,
        payloads.map((payload, at) => ({ event: `event ${at}`, payload, ...(at > 0 && { from: `user ${at}` }) })),
      );
      const { messages } = await readPage(broker, "start");
      assert.deepEqual(
        messages.map(({ payload }) => ({ ...payload })),
        payloads,
      );
      assert.deepEqual(
        messages.map(({ event }) => event),
        payloads.map((_, at) => `event ${at}`),
      );
      assert.deepEqual(
        messages.map(({ from }) => from),
        [undefined, "user 1", "user 2", "user 3", "user 4"],
      );
      for (const { at } of messages) assert.ok(Number.isInteger(at) && at > 0, "at is a wall time in milliseconds");
    },
  },
  {
    name: "keeps its own copy of published bytes (P4)",
    async run(broker) {
      const buffer = Uint8Array.of(1, 2, 3, 4);
      await broker.publish(CHANNEL, [{ event: "message", payload: bytesPayload(buffer.subarray(1, 3)) }]);
      buffer.fill(9);
      const [message] = (await readPage(broker, "start")).messages;
      assert.deepEqual(message?.payload.data, Uint8Array.of(2, 3));
    },
  },
  {
    name: "keeps channels apart, whatever their names are (P1)",
    async run(broker) {
      const names = ["a", "a/b", "b", "constructor", "__proto__", "日本", "a:b", "{a}", "a*", "x".repeat(200)];
      await Promise.all(names.map((name) => publishTexts(broker, name, name)));
      for (const name of names) assert.deepEqual(await readTexts(broker, "start", ALL, name), [name]);
    },
  },
  {
    name: "creates no log for a reader, nor for a publish of nothing (P6)",
    async run(broker) {
      assert.deepEqual(await broker.publish(CHANNEL, []), []);
      assert.deepEqual(await broker.read(CHANNEL, "start", ALL), { kind: "none" });
      assert.deepEqual(await broker.read(CHANNEL, "now", ALL), { kind: "none" });
      assert.equal(await broker.readBefore(CHANNEL, undefined, ALL), undefined);
      assert.equal(broker.sizes().channels, 0);
    },
  },
  {
    name: "gives a log that is watched and empty a head, from which a cursor goes on (P2)",
    async run(broker) {
      const stop = await broker.watch(CHANNEL, () => {});
      const { epoch, messages, head, oldest } = await readPage(broker, "start");
      assert.deepEqual(
        { messages, head, oldest },
        { messages: [], head: { epoch, seq: 0 }, oldest: { epoch, seq: 0 } },
      );
      const [id = ""] = await publishTexts(broker, CHANNEL, "first");
      assert.equal(partsOf(id).epoch, epoch);
      assert.deepEqual(await readTexts(broker, idBy(id, -1)), ["first"]);
      stop();
    },
  },
  {
    name: "answers a cursor beyond the head, or of another epoch, with a gap that says so (P2)",
    async run(broker) {
      const [id = ""] = await publishTexts(broker, CHANNEL, "a");
      const [foreign = ""] = await publishTexts(broker, "room/43", "a", "b");
      const head = partsOf(id);
      assert.deepEqual(await readGap(broker, idBy(id, 1)), {
        kind: "gap",
        why: "unknown",
        oldest: head,
        head,
        latest: [],
      });
      assert.deepEqual(await readGap(broker, foreign), { kind: "gap", why: "epoch", oldest: head, head, latest: [] });
    },
  },
  {
    name: "keeps the newest messages of its retention and answers older cursors with a gap (P2, P4)",
    settings: { retention: { messages: 3 } },
    async run(broker) {
      const ids = await publishTexts(broker, CHANNEL, "a", "b", "c", "d", "e");
      const [first = "", second = "", third = "", , last = ""] = ids;
      assert.deepEqual(await readTexts(broker, "start"), ["c", "d", "e"]);
      assert.deepEqual(await readTexts(broker, second), ["c", "d", "e"]);
      const expected = { kind: "gap", why: "trimmed", oldest: partsOf(third), head: partsOf(last), latest: [] };
      assert.deepEqual(await readGap(broker, first), expected);
      const { oldest, head } = await readPage(broker, "now");
      assert.deepEqual({ oldest, head }, { oldest: partsOf(third), head: partsOf(last) });
    },
  },
  {
    name: "keeps no more bytes of a log than its retention says (P6)",
    settings: { retention: { bytes: 5_000 } },
    async run(broker) {
      for (let i = 0; i < 20; i++) await publishTexts(broker, CHANNEL, `${i}${"x".repeat(900)}`);
      assert.ok(broker.sizes().logBytes <= 5_000, `${broker.sizes().logBytes} bytes are kept`);
      const texts = await readTexts(broker, "start");
      assert.ok(texts.length >= 2, "not less than fits is kept");
      assert.ok(texts.at(-1)?.startsWith("19x"));
    },
  },
  {
    name: "lets messages go when they are older than its retention, and says so to older cursors (P2, P6)",
    settings: { retention: { ageMs: HOUR } },
    time: true,
    async run(broker, advance) {
      const [first = ""] = await publishTexts(broker, CHANNEL, "a", "b");
      await advance(HOUR / 2);
      const [last = ""] = await publishTexts(broker, CHANNEL, "c");
      await advance(HOUR / 2 - 1_000);
      assert.deepEqual(await readTexts(broker, "start"), ["a", "b", "c"]);
      await advance(2_000);
      assert.deepEqual(await readTexts(broker, "start"), ["c"]);
      assert.equal((await readGap(broker, first)).why, "trimmed");
      assert.deepEqual(await readTexts(broker, last), []);
    },
  },
  {
    name: "lets a log go that nobody watched or published to, and never gives its epoch again (P2, P6)",
    settings: { retention: { ageMs: HOUR } },
    time: true,
    async run(broker, advance) {
      const [id = ""] = await publishTexts(broker, CHANNEL, "a");
      await advance(3 * HOUR);
      assert.deepEqual(await broker.read(CHANNEL, id, ALL), { kind: "none" });
      const [again = ""] = await publishTexts(broker, CHANNEL, "b");
      assert.notEqual(partsOf(again).epoch, partsOf(id).epoch);
      assert.equal((await readGap(broker, id)).why, "epoch");
    },
  },
  {
    name: "keeps the log of a channel that is watched, without messages that are too old (P2, P6)",
    settings: { retention: { ageMs: HOUR } },
    time: true,
    async run(broker, advance) {
      const stop = await broker.watch(CHANNEL, () => {});
      const [id = ""] = await publishTexts(broker, CHANNEL, "a");
      await advance(5 * HOUR);
      const { epoch, messages, head } = await readPage(broker, id);
      assert.deepEqual({ epoch, messages, head }, { epoch: partsOf(id).epoch, messages: [], head: partsOf(id) });
      stop();
      await advance(HOUR / 2);
      assert.deepEqual(await readTexts(broker, id), []);
      await advance(3 * HOUR);
      assert.deepEqual(await broker.read(CHANNEL, id, ALL), { kind: "none" });
    },
  },
  {
    name: "ends a page at its limit of messages or bytes, and always gives one message",
    async run(broker) {
      const texts = ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"];
      await publishTexts(broker, CHANNEL, ...texts);
      assert.deepEqual(await readTexts(broker, "start", { messages: 2, bytes: 1_000 }), texts.slice(0, 2));
      assert.deepEqual(await readTexts(broker, "start", { messages: 9, bytes: 20 }), texts.slice(0, 2));
      assert.deepEqual(await readTexts(broker, "start", { messages: 9, bytes: 1 }), texts.slice(0, 1));
    },
  },
  {
    name: "pages forwards and backwards over the whole log, each message once (P2)",
    async run(broker) {
      const texts = Array.from({ length: 25 }, (_, i) => String(i));
      const [first = ""] = await publishTexts(broker, CHANNEL, ...texts);
      const { epoch } = partsOf(first);
      const limit = { messages: 4, bytes: 1_000 };
      const forwards: string[] = [];
      for (let after = idBy(first, -1); forwards.length < texts.length; after = idBy(first, forwards.length - 1)) {
        forwards.push(...(await readTexts(broker, after, limit)));
      }
      assert.deepEqual(forwards, texts);
      const backwards: string[] = [];
      for (let before: string | undefined; backwards.length < texts.length; ) {
        const page = await broker.readBefore(CHANNEL, before, limit);
        assert.ok(page && page.messages.length > 0, "there is a page before this one");
        assert.deepEqual(
          { epoch: page.epoch, head: page.head.seq, oldest: page.oldest.seq },
          { epoch, head: texts.length, oldest: 1 },
        );
        assert.ok(shownOf(page.messages).every((shown) => shown.endsWith("+0")));
        backwards.unshift(...textsOf(page.messages));
        before = idBy(first, (page.messages[0]?.seq ?? 0) - 1);
      }
      assert.deepEqual(backwards, texts);
      assert.deepEqual((await broker.readBefore(CHANNEL, first, limit))?.messages, []);
    },
  },
  {
    name: "has nothing before an id of another epoch",
    async run(broker) {
      await publishTexts(broker, CHANNEL, "a");
      const [foreign = ""] = await publishTexts(broker, "room/43", "a", "b");
      assert.deepEqual((await broker.readBefore(CHANNEL, foreign, ALL))?.messages, []);
    },
  },
  {
    name: "refuses every call after its close with an error that says to come back (P12)",
    async run(broker) {
      await publishTexts(broker, CHANNEL, "a");
      await broker.close();
      const [receipt] = await broker.publish(CHANNEL, [draft("b")]);
      assert.ok(receipt && !receipt.ok && receipt.error.retry);
      const unavailable = { code: "unavailable" };
      await assert.rejects(broker.read(CHANNEL, "start", ALL), unavailable);
      await assert.rejects(broker.readBefore(CHANNEL, undefined, ALL), unavailable);
      await assert.rejects(
        broker.watch(CHANNEL, () => {}),
        unavailable,
      );
      await assert.rejects(broker.claim("calls", "k", { print: 1, leaseMs: 1_000, repeatable: false }), unavailable);
      await assert.rejects(broker.settle("calls", "k", { ok: true, answer: undefined }), unavailable);
    },
  },
];
