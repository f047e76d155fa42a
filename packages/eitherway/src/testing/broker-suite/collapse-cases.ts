/** Cases of the broker suite: entries that replace each other for readers that are behind. */
import assert from "node:assert/strict";
import type { BrokerCase } from "./broker-case.ts";
import {
  CHANNEL,
  codeOf,
  counted,
  draft,
  follow,
  foreign,
  idBy,
  idOf,
  publishOne,
  readGap,
  readPage,
  readTexts,
  shownOf,
  textsOf,
} from "./support.ts";

export const collapseCases: readonly BrokerCase[] = [
  {
    name: "shows a reader that is behind the newest entry of each collapse key, and declares what it leaves out (P2)",
    async run(broker) {
      const first = await publishOne(broker, CHANNEL, draft("a1", { collapse: "a" }));
      await publishOne(broker, CHANNEL, draft("b1", { collapse: "b" }));
      await publishOne(broker, CHANNEL, draft("a2", { collapse: "a" }));
      await publishOne(broker, CHANNEL, draft("plain"));
      await publishOne(broker, CHANNEL, draft("a3", { collapse: "a" }));
      const { messages } = await readPage(broker, idBy(first, -1));
      assert.deepEqual(shownOf(messages), ["b1+1", "plain+1", "a3+0"]);
      assert.deepEqual(shownOf((await readPage(broker, "start")).messages), ["b1+0", "plain+1", "a3+0"]);
    },
  },
  {
    name: "tells watchers of every entry of a collapse key (P1)",
    async run(broker) {
      const heard: string[] = [];
      const stop = await broker.watch(CHANNEL, ({ messages }) => heard.push(...textsOf(messages)));
      const follower = await follow(broker);
      for (const text of ["1", "2", "3"]) {
        await publishOne(broker, CHANNEL, draft(text, { collapse: "a" }));
        await follower.until(Number(text));
      }
      assert.deepEqual(follower.texts, ["1", "2", "3"]);
      assert.deepEqual([...new Set(heard)], ["1", "2", "3"]);
      follower.stop();
      stop();
    },
  },
  {
    name: "shows history as it was, nothing collapsed",
    async run(broker) {
      for (const text of ["1", "2", "3"]) await publishOne(broker, CHANNEL, draft(text, { collapse: "a" }));
      const page = await broker.readBefore(CHANNEL, undefined, { messages: 2, bytes: 100 });
      assert.deepEqual(shownOf(page?.messages ?? []), ["2+0", "3+0"]);
    },
  },
  {
    name: "spares the newest entry of each collapse key when it trims, for readers from the start (P2)",
    settings: { retention: { messages: 2 } },
    async run(broker) {
      const first = await publishOne(broker, CHANNEL, draft("a1", { collapse: "a" }));
      await publishOne(broker, CHANNEL, draft("a2", { collapse: "a" }));
      for (const text of ["x", "y", "z"]) await publishOne(broker, CHANNEL, draft(text));
      assert.deepEqual(shownOf((await readPage(broker, "start")).messages), ["a2+0", "y+1", "z+0"]);
      assert.equal((await readGap(broker, first)).why, "trimmed");
    },
  },
  {
    name: "tells in a gap the newest entry of each collapse key after the cursor, in order (P2)",
    settings: { retention: { messages: 2 } },
    async run(broker) {
      const ids: string[] = [];
      for (const key of ["b", "a", "a"]) {
        ids.push(await publishOne(broker, CHANNEL, draft(`${key}${ids.length}`, { collapse: key })));
      }
      for (const text of ["x", "y", "z"]) ids.push(await publishOne(broker, CHANNEL, draft(text)));
      assert.deepEqual(shownOf((await readGap(broker, ids[0] ?? "")).latest), ["a2+0"]);
      const beyond = await readGap(broker, idBy(ids.at(-1) ?? "", 1));
      assert.deepEqual([beyond.why, shownOf(beyond.latest)], ["unknown", ["b0+0", "a2+1"]]);
    },
  },
  {
    name: "goes on from a cursor where all that was trimmed after it has collapsed (P2)",
    settings: { retention: { messages: 2 } },
    async run(broker) {
      const ids: string[] = [];
      for (const text of ["a1", "b1", "a2", "b2", "a3", "b3"]) {
        ids.push(await publishOne(broker, CHANNEL, draft(text, { collapse: text.slice(0, 1) })));
      }
      assert.deepEqual(shownOf((await readPage(broker, ids[0] ?? "start")).messages), ["a3+3", "b3+0"]);
    },
  },
  {
    name: "takes a command below the newest one of its collapse key and client for replaced, and appends it never (P1, P5)",
    async run(broker) {
      await publishOne(broker, CHANNEL, draft("a1", { collapse: "a", ...counted(1) }));
      const id = await publishOne(broker, CHANNEL, draft("a4", { collapse: "a", ...counted(4) }));
      const [late, same] = await broker.publish(CHANNEL, [
        draft("a2", { collapse: "a", ...counted(2) }),
        draft("a4", { collapse: "a", ...counted(4) }),
      ]);
      assert.deepEqual([late, same], Array(2).fill({ ok: true, id, repeated: true }));
      // Another collapse key, and messages without one, are in no order with it.
      await publishOne(broker, CHANNEL, draft("b3", { collapse: "b", ...counted(3) }));
      await publishOne(broker, CHANNEL, draft("x1", counted(1)));
      assert.deepEqual(await readTexts(broker, "start"), ["a4", "b3", "x1"]);
    },
  },
  {
    name: "gives the keys of what a message replaces its receipt, in the same step (P5)",
    async run(broker) {
      const replaced = [
        draft("a1", { collapse: "a", ...foreign("one") }),
        draft("a2", { collapse: "a", ...counted(7, "c2") }),
        draft("a3", { collapse: "a" }),
      ];
      const id = await publishOne(broker, CHANNEL, draft("a4", { collapse: "a", replaced }));
      const again = await broker.publish(CHANNEL, replaced.slice(0, 2));
      assert.deepEqual(again, Array(2).fill({ ok: true, id, repeated: true }));
      const [other] = await broker.publish(CHANNEL, [draft("a5", { collapse: "a", ...foreign("one") })]);
      assert.equal(codeOf(other), "key-reused");
      assert.deepEqual(await readTexts(broker, "start"), ["a4"]);
    },
  },
  {
    name: "leaves the receipt of what a message replaces where it has one (P5)",
    async run(broker) {
      const first = draft("a1", { collapse: "a", ...counted(2) });
      const id = await publishOne(broker, CHANNEL, first);
      await publishOne(broker, CHANNEL, draft("a2", { collapse: "a", replaced: [first] }));
      const [again] = await broker.publish(CHANNEL, [first]);
      assert.equal(idOf(again), id);
    },
  },
  {
    name: "spares no more collapse keys than its limit (P6)",
    settings: { retention: { messages: 1 }, limits: { latestKeys: 2 } },
    async run(broker) {
      for (const key of ["a", "b", "c", "d"]) await publishOne(broker, CHANNEL, draft(key, { collapse: key }));
      assert.deepEqual(await readTexts(broker, "start"), ["b", "c", "d"]);
    },
  },
];
