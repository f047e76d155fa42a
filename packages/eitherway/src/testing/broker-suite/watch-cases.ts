/** Cases of the broker suite: who watches hears of every append, in order, whatever others do. */
import assert from "node:assert/strict";
import type { Batch, Undo } from "../../core/index.ts";
import { formatId } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";
import {
  CHANNEL,
  counted,
  draft,
  follow,
  partsOf,
  publishOne,
  publishTexts,
  readPage,
  readTexts,
  textsOf,
} from "./support.ts";

/** Calls that are under way at the same time. */
const CALLERS = 8;
const CALLS = 25;

export const watchCases: readonly BrokerCase[] = [
  {
    name: "tells every watcher of every append, in one order (P1, P2)",
    async run(broker) {
      const followers = await Promise.all([follow(broker), follow(broker), follow(broker)]);
      await publishTexts(broker, CHANNEL, "a", "b");
      await broker.publish(CHANNEL, [draft("c"), draft("d")]);
      for (const follower of followers) {
        await follower.until(4);
        assert.deepEqual(follower.texts, ["a", "b", "c", "d"]);
        follower.stop();
      }
    },
  },
  {
    name: "announces what the log keeps: contiguous, with the same seq, time and content (P1, P4)",
    async run(broker) {
      const batches: Batch[] = [];
      const stop = await broker.watch(CHANNEL, (batch) => batches.push(batch));
      const follower = await follow(broker);
      await broker.publish(CHANNEL, [draft("a", { from: "ana" }), draft("b", { event: "other" })]);
      await follower.until(2);
      const { epoch, messages } = await readPage(broker, "start");
      const kept = new Map(messages.map((message) => [message.seq, message]));
      for (const batch of batches) {
        assert.equal(batch.epoch, epoch);
        assert.deepEqual(
          batch.messages,
          batch.messages.map(({ seq }) => kept.get(seq)),
        );
        for (const [at, { seq }] of batch.messages.entries()) assert.equal(seq, (batch.messages[0]?.seq ?? 0) + at);
      }
      follower.stop();
      stop();
    },
  },
  {
    name: "says nothing of a repeated command, nor of other channels (P5)",
    async run(broker) {
      await publishOne(broker, CHANNEL, draft("a", counted(1)));
      const heard: string[] = [];
      const stop = await broker.watch(CHANNEL, ({ messages }) => heard.push(...textsOf(messages)));
      const follower = await follow(broker);
      await publishOne(broker, CHANNEL, draft("a", counted(1)));
      await publishTexts(broker, "room/43", "elsewhere");
      await publishTexts(broker, CHANNEL, "b");
      await follower.until(2);
      assert.ok(!heard.includes("elsewhere"));
      assert.deepEqual(
        heard.filter((text) => text !== "a"),
        ["b"],
      );
      follower.stop();
      stop();
    },
  },
  {
    name: "keeps the order of each of many callers at once, without a hole or a repetition (P1, P2)",
    async run(broker) {
      const follower = await follow(broker);
      const ids = await Promise.all(
        Array.from({ length: CALLERS }, async (_, caller) => {
          const mine: string[] = [];
          for (let n = 0; n < CALLS; n++) mine.push(await publishOne(broker, CHANNEL, draft(`${caller}.${n}`)));
          return mine;
        }),
      );
      const all = ids.flat().map((id) => partsOf(id).seq);
      assert.deepEqual(
        all.toSorted((a, b) => a - b),
        all.map((_, at) => at + 1),
      );
      await follower.until(all.length);
      assert.deepEqual(follower.texts, await readTexts(broker, "start"));
      for (let caller = 0; caller < CALLERS; caller++) {
        const mine: readonly string[] = follower.texts.filter((text) => text.startsWith(`${caller}.`));
        assert.deepEqual(
          mine,
          Array.from({ length: CALLS }, (_, n) => `${caller}.${n}`),
        );
      }
      follower.stop();
    },
  },
  {
    name: "appends the calls of one caller in the order in which they were made, also when it awaits none (P1, P5)",
    async run(broker) {
      const texts = Array.from({ length: 100 }, (_, n) => String(n + 1));
      await Promise.all(texts.map((text) => broker.publish(CHANNEL, [draft(text, counted(Number(text)))])));
      assert.deepEqual(await readTexts(broker, "start"), texts);
    },
  },
  {
    name: "loses nothing for who begins to watch while others publish (P2)",
    async run(broker) {
      const publishing = (async () => {
        for (let n = 0; n < 200; n++) await publishOne(broker, CHANNEL, draft(String(n)));
      })();
      const followers = [await follow(broker)];
      for (let n = 0; n < 10; n++) followers.push(await follow(broker));
      await publishing;
      for (const follower of followers) {
        await follower.until(200);
        assert.deepEqual(
          follower.texts,
          Array.from({ length: 200 }, (_, n) => String(n)),
        );
        follower.stop();
      }
    },
  },
  {
    name: "is silent after the undo of a watch, which may be called again; other watchers go on (P2)",
    async run(broker) {
      const heard: string[] = [];
      const stop = await broker.watch(CHANNEL, ({ messages }) => heard.push(...textsOf(messages)));
      const follower = await follow(broker);
      stop();
      stop();
      await publishTexts(broker, CHANNEL, "a");
      await follower.until(1);
      assert.deepEqual(heard, []);
      follower.stop();
    },
  },
  {
    name: "lets a sink undo its own watch and that of others while it is told (P7)",
    async run(broker) {
      const heard: string[] = [];
      const stops: Undo[] = [];
      const stopAll = () => {
        for (const stop of stops) stop();
      };
      for (const name of ["first", "second"]) {
        const sink = () => {
          heard.push(name);
          stopAll();
        };
        stops.push(await broker.watch(CHANNEL, sink));
      }
      const follower = await follow(broker);
      await publishTexts(broker, CHANNEL, "a", "b");
      await follower.until(2);
      assert.equal(heard.length, 1);
      follower.stop();
    },
  },
  {
    name: "keeps a sink that throws from harming the publish and the other watchers (P7)",
    async run(broker) {
      const stop = await broker.watch(CHANNEL, () => {
        throw new Error("this watcher is broken");
      });
      const follower = await follow(broker);
      await publishTexts(broker, CHANNEL, "a", "b");
      await follower.until(2);
      assert.deepEqual(follower.texts, ["a", "b"]);
      follower.stop();
      stop();
    },
  },
  {
    name: "tells all watchers in one order when a sink publishes (P1)",
    async run(broker) {
      const orders: string[][] = [[], []];
      const answered: Promise<unknown>[] = [];
      const stops: Undo[] = [];
      const hear = (order: string[] | undefined, batch: Batch) => {
        for (const text of textsOf(batch.messages)) if (order && !order.includes(text)) order.push(text);
      };
      stops.push(
        await broker.watch(CHANNEL, (batch) => {
          hear(orders[0], batch);
          if (textsOf(batch.messages).includes("a")) answered.push(broker.publish(CHANNEL, [draft("b")]));
        }),
      );
      stops.push(await broker.watch(CHANNEL, (batch) => hear(orders[1], batch)));
      const follower = await follow(broker);
      await publishTexts(broker, CHANNEL, "a");
      await follower.until(2);
      await Promise.all(answered);
      assert.deepEqual(orders, [
        ["a", "b"],
        ["a", "b"],
      ]);
      follower.stop();
      for (const stop of stops) stop();
    },
  },
  {
    name: "lets a cursor of one watcher be continued by any other reader (P3)",
    async run(broker) {
      let cursor = "start";
      const stop = await broker.watch(CHANNEL, ({ epoch, messages }) => {
        cursor = formatId(epoch ?? assert.fail("nothing was announced"), messages.at(-1)?.seq ?? 0);
      });
      const follower = await follow(broker);
      await publishTexts(broker, CHANNEL, "a");
      await follower.until(1);
      stop();
      await publishTexts(broker, CHANNEL, "b", "c");
      assert.deepEqual(await readTexts(broker, cursor), ["b", "c"]);
      follower.stop();
    },
  },
];
