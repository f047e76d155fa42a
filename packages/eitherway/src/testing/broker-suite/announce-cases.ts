/** Cases of the broker suite: what is announced reaches those who watch, in order, and is kept nowhere. */
import assert from "node:assert/strict";
import type { Batch, Broker, Undo } from "../../core/index.ts";
import { bytesPayload, textPayload } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";
import { ALL, CHANNEL, draft, publishOne, readPage, readTexts, textsOf } from "./support.ts";

export const announceCases: readonly BrokerCase[] = [
  {
    name: "tells every watcher what is announced, without an id, and keeps nothing of it",
    async run(broker) {
      const watched = [await listen(broker), await listen(broker)];
      await broker.announce(CHANNEL, [draft("a"), { ...draft("b"), from: "ana" }]);
      for (const { heard, until, stop } of watched) {
        await until(2);
        assert.deepEqual(
          heard,
          ["a", "b"].map((text) => `volatile ${text}`),
        );
        stop();
      }
      assert.deepEqual(await readTexts(broker, "start"), []);
      const { head } = await readPage(broker, "now");
      assert.equal(head.seq, 0);
    },
  },
  {
    name: "an announcement has what its publisher and the clock said: event, from and time",
    async run(broker) {
      const { batches, until, stop } = await listen(broker);
      await broker.announce(CHANNEL, [{ event: "typing", payload: textPayload("a"), from: "ana" }]);
      await until(1);
      const [message] = batches[0]?.messages ?? [];
      assert.deepEqual([message?.event, message?.from, message?.seq, message?.skipped], ["typing", "ana", 0, 0]);
      assert((message?.at ?? 0) > 0);
      stop();
    },
  },
  {
    name: "an announcement on a channel without a log makes none",
    async run(broker) {
      await broker.announce(CHANNEL, [draft("a")]);
      assert.equal((await broker.read(CHANNEL, "start", ALL)).kind, "none");
      assert.equal(broker.sizes().channels, 0);
    },
  },
  {
    name: "announcements and appends of one caller are heard in the order of the calls (P1)",
    async run(broker) {
      const { heard, until, stop } = await listen(broker);
      const done: Promise<unknown>[] = [];
      for (let n = 0; n < 20; n++) {
        done.push(n % 2 === 0 ? publishOne(broker, CHANNEL, draft(`${n}`)) : broker.announce(CHANNEL, [draft(`${n}`)]));
      }
      await Promise.all(done);
      await until(20);
      assert.deepEqual(
        heard,
        Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? `${n}` : `volatile ${n}`)),
      );
      stop();
    },
  },
  {
    name: "a watcher that left hears of no announcement any more",
    async run(broker) {
      const [gone, here] = [await listen(broker), await listen(broker)];
      gone.stop();
      await broker.announce(CHANNEL, [draft("a")]);
      await here.until(1);
      assert.deepEqual(gone.heard, []);
      here.stop();
    },
  },
  {
    name: "bytes that are announced are the caller's no more",
    async run(broker) {
      const { batches, until, stop } = await listen(broker);
      const bytes = Uint8Array.of(1, 2);
      const announced = broker.announce(CHANNEL, [{ event: "message", payload: bytesPayload(bytes) }]);
      bytes.fill(0);
      await announced;
      await until(1);
      assert.deepEqual(batches[0]?.messages[0]?.payload, { kind: "bytes", data: Uint8Array.of(1, 2) });
      stop();
    },
  },
];

interface Listening {
  /** Texts, `volatile ` before what has no id. */
  readonly heard: string[];
  readonly batches: readonly Batch[];
  /** Resolves when that many messages were heard. */
  until(count: number): Promise<void>;
  stop: Undo;
}

async function listen(broker: Broker): Promise<Listening> {
  const heard: string[] = [];
  const batches: Batch[] = [];
  let wake = (): void => {};
  const stop = await broker.watch(CHANNEL, (batch) => {
    const { epoch, messages } = batch;
    batches.push(batch);
    const texts = messages[0]?.payload.kind === "text" ? textsOf(messages) : messages.map(() => "bytes");
    heard.push(...texts.map((text) => (epoch === undefined ? `volatile ${text}` : text)));
    wake();
  });
  return {
    heard,
    batches,
    async until(count) {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop,
  };
}
