/** Cases of the broker suite: a repeated command is applied once and gets its first receipt. */
import assert from "node:assert/strict";
import type { CommandKey } from "../../core/index.ts";
import { bytesPayload, jsonPayload } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";
import { CHANNEL, codeOf, counted, draft, foreign, idOf, publishOne, publishTexts, readTexts } from "./support.ts";

const MINUTE = 60_000;
const IN_FLIGHT = 4;

export const keyCases: readonly BrokerCase[] = [
  {
    name: "answers a repeated counted key with its first receipt and appends once (P5)",
    async run(broker) {
      const id = await publishOne(broker, CHANNEL, draft("a", counted(1)));
      await publishTexts(broker, CHANNEL, "other");
      const again = await broker.publish(CHANNEL, [draft("a", counted(1))]);
      assert.deepEqual(again, [{ ok: true, id, repeated: true }]);
      assert.deepEqual(await readTexts(broker, "start"), ["a", "other"]);
    },
  },
  {
    name: "answers a repeated foreign key with its first receipt and appends once (P5)",
    async run(broker) {
      const id = await publishOne(broker, CHANNEL, draft("a", foreign("order-991")));
      const again = await broker.publish(CHANNEL, [draft("a", foreign("order-991")), draft("b", foreign("order-992"))]);
      assert.deepEqual(again[0], { ok: true, id, repeated: true });
      assert.deepEqual(await readTexts(broker, "start"), ["a", "b"]);
    },
  },
  {
    name: "applies a command once, however many copies of it arrive at the same time (P5)",
    async run(broker) {
      for (const key of [counted(1), foreign("k")]) {
        const copies = Array.from({ length: 20 }, () => broker.publish(CHANNEL, [draft("a", key), draft("a", key)]));
        const receipts = (await Promise.all(copies)).flat();
        assert.equal(new Set(receipts.map(idOf)).size, 1);
        assert.equal(receipts.filter((receipt) => receipt.ok && !receipt.repeated).length, 1);
      }
      assert.deepEqual(await readTexts(broker, "start"), ["a", "a"]);
    },
  },
  {
    name: "takes up a batch where a cut interrupted it: what was applied is answered, the rest appended (P5)",
    async run(broker) {
      const texts = ["a", "b", "c", "d"];
      const batch = texts.map((text, at) => draft(text, counted(at + 1)));
      const first = await broker.publish(CHANNEL, batch.slice(0, 2));
      const second = await broker.publish(CHANNEL, batch);
      assert.deepEqual(second.slice(0, 2).map(idOf), first.map(idOf));
      assert.deepEqual(
        second.map((receipt) => receipt.ok && receipt.repeated),
        [true, true, false, false],
      );
      assert.deepEqual(await readTexts(broker, "start"), texts);
    },
  },
  {
    name: "counts keys per channel, user and client, so that nobody answers for another (P5)",
    async run(broker) {
      const keys: { key: CommandKey }[] = [
        counted(1, "c1", "ana"),
        counted(1, "c2", "ana"),
        counted(1, "c1", "bo"),
        counted(1, "a", "c1 an"),
        foreign("c1.1", "ana"),
        foreign("c1", "ana"),
        foreign("c1.1", "bo"),
        foreign("a c1", "an"),
        foreign("c1", "an a"),
        foreign("k", ""),
      ];
      for (const [at, key] of keys.entries()) await publishOne(broker, CHANNEL, draft(String(at), key));
      for (const key of keys.slice(0, 2)) await publishOne(broker, "room/43", draft("elsewhere", key));
      assert.deepEqual(
        await readTexts(broker, "start"),
        keys.map((_, at) => String(at)),
      );
      assert.deepEqual(await readTexts(broker, "start", undefined, "room/43"), ["elsewhere", "elsewhere"]);
    },
  },
  {
    name: "refuses a key that comes again with another event, kind or payload as key-reused (P5, P12)",
    async run(broker) {
      for (const key of [counted(1), foreign("k")]) {
        await broker.publish(CHANNEL, [{ event: "message", payload: jsonPayload("a"), ...key }]);
        const others = await broker.publish(CHANNEL, [
          { event: "message", payload: jsonPayload("b"), ...key },
          { event: "other", payload: jsonPayload("a"), ...key },
          draft('"a"', key),
          { event: "message", payload: bytesPayload(Uint8Array.of(0x22, 0x61, 0x22)), ...key },
        ]);
        assert.deepEqual(others.map(codeOf), ["key-reused", "key-reused", "key-reused", "key-reused"]);
        const [same] = await broker.publish(CHANNEL, [{ event: "message", payload: jsonPayload("a"), ...key }]);
        assert.ok(same?.ok && same.repeated);
      }
    },
  },
  {
    name: "tries the next draft after one that fails for good (P5)",
    async run(broker) {
      await publishOne(broker, CHANNEL, draft("a", foreign("k")));
      const receipts = await broker.publish(CHANNEL, [draft("b"), draft("not a", foreign("k")), draft("c")]);
      assert.deepEqual(
        receipts.map(({ ok }) => ok),
        [true, false, true],
      );
      assert.deepEqual(await readTexts(broker, "start"), ["a", "b", "c"]);
    },
  },
  {
    name: "keeps the receipts of as many commands as may be in flight; what is older is outcome-unknown (P5, P6)",
    settings: { limits: { inFlight: IN_FLIGHT } },
    async run(broker) {
      const ids: string[] = [];
      for (let n = 1; n <= 10; n++) ids.push(await publishOne(broker, CHANNEL, draft(String(n), counted(n))));
      for (let n = 1; n <= 10; n++) {
        const [receipt] = await broker.publish(CHANNEL, [draft(String(n), counted(n))]);
        if (n > 10 - IN_FLIGHT) assert.equal(idOf(receipt), ids[n - 1]);
        else assert.equal(codeOf(receipt), "outcome-unknown");
      }
      assert.equal((await readTexts(broker, "start")).length, 10);
    },
  },
  {
    name: "appends no command after one that was sent later (P1, P5)",
    async run(broker) {
      await publishOne(broker, CHANNEL, draft("1", counted(1)));
      await publishOne(broker, CHANNEL, draft("7", counted(7)));
      const [late] = await broker.publish(CHANNEL, [draft("3", counted(3))]);
      assert.equal(codeOf(late), "outcome-unknown");
      assert.deepEqual(await readTexts(broker, "start"), ["1", "7"]);
    },
  },
  {
    name: "remembers a key for the whole window, and takes it as new after that (P5, P6)",
    settings: { keyWindowMs: 5 * MINUTE },
    time: true,
    async run(broker, advance) {
      assert.equal(broker.keyWindow(), 5 * MINUTE);
      const keys = [counted(1), foreign("k")];
      const ids: string[] = [];
      for (const key of keys) ids.push(await publishOne(broker, CHANNEL, draft("a", key)));
      await advance(5 * MINUTE - 1_000);
      for (const [at, key] of keys.entries()) assert.equal(await publishOne(broker, CHANNEL, draft("a", key)), ids[at]);
      await advance(2_000);
      for (const key of keys) assert.ok(!ids.includes(await publishOne(broker, CHANNEL, draft("a", key))));
    },
  },
  {
    name: "keeps keys longer than the messages they stand for (P5)",
    settings: { keyWindowMs: 5 * MINUTE, retention: { ageMs: 1_000 } },
    time: true,
    async run(broker, advance) {
      const id = await publishOne(broker, CHANNEL, draft("a", counted(1)));
      await advance(4 * MINUTE);
      assert.equal(await publishOne(broker, CHANNEL, draft("a", counted(1))), id);
      assert.deepEqual(await readTexts(broker, "start"), []);
    },
  },
];
