/** Cases of the broker suite: streams, each appended by one producer with a lease. */
import assert from "node:assert/strict";
import type { Broker, Streams } from "../../core/index.ts";
import { bytesPayload, isEitherwayError, type Message, parseId, textPayload } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";
import { ALL, idBy, partsOf, readPage } from "./support.ts";

const LOG = "@stream/job/7/answer";
const LEASE_MS = 10_000;
const AGE_MS = 60_000;

export const streamCases: readonly BrokerCase[] = [
  {
    name: "a stream is its pieces, then its end, each under an id of its own (P1)",
    async run(broker) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      const first = await streams.append(hold, textPayload("one "));
      assert.deepEqual(
        [await streams.append(hold, textPayload("two")), await streams.finish(hold)],
        [idBy(first, 1), idBy(first, 2)],
      );
      assert.deepEqual(await storedOf(broker), ["piece one ", "piece two", "end null"]);
    },
  },
  {
    name: "watchers hear of every piece and of the end of a stream (P2)",
    async run(broker) {
      const streams = streamsOf(broker);
      const heard = new Map<number, string>();
      const waiting = new Set<() => void>();
      const stop = await broker.watch(LOG, ({ messages }) => {
        for (const message of messages) heard.set(message.seq, nameOf(message));
        for (const wake of waiting) wake();
      });
      const hold = await streams.open(LOG, LEASE_MS);
      await streams.append(hold, textPayload("one"));
      await streams.append(hold, textPayload("two"));
      await streams.finish(hold);
      while (heard.size < 3) await new Promise<void>((wake) => waiting.add(wake));
      assert.deepEqual([...heard.values()], ["piece one", "piece two", "end null"]);
      stop();
    },
  },
  {
    name: "a stream has one producer: whoever opens it meanwhile is refused, and cannot append (P7)",
    async run(broker) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      await refused("stream-open", streams.open(LOG, LEASE_MS));
      const stranger = { ...hold, token: "somebody-else" };
      await refused("stream-over", streams.append(stranger, textPayload("x")));
      await refused("stream-over", streams.renew(stranger, LEASE_MS));
      await refused("stream-over", streams.finish(stranger));
      await streams.append(hold, textPayload("mine"));
      assert.deepEqual(await storedOf(broker), ["piece mine"]);
    },
  },
  {
    name: "of many that open a stream at once one gets it",
    async run(broker) {
      const streams = streamsOf(broker);
      const tries = Array.from({ length: 10 }, () => streams.open(LOG, LEASE_MS).then(() => "open", codeOf));
      assert.deepEqual((await Promise.all(tries)).sort(), ["open", ...new Array(9).fill("stream-open")]);
    },
  },
  {
    name: "a stream has one end: nothing is appended after it (P12)",
    async run(broker) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      await streams.finish(hold, { code: "no-tokens", message: "The model has had enough." });
      await refused("stream-over", streams.append(hold, textPayload("late")));
      await refused("stream-over", streams.finish(hold));
      await refused("stream-over", streams.renew(hold, LEASE_MS));
      assert.deepEqual(await storedOf(broker), ['failed {"code":"no-tokens","message":"The model has had enough."}']);
    },
  },
  {
    name: "a stream that is opened again begins a new epoch, so that nobody takes it for the old one (P2)",
    async run(broker) {
      const streams = streamsOf(broker);
      const first = await streams.open(LOG, LEASE_MS);
      const id = await streams.append(first, textPayload("first"));
      await streams.finish(first);
      const second = await streams.open(LOG, LEASE_MS);
      const again = await streams.append(second, textPayload("second"));
      assert.notEqual(partsOf(again).epoch, partsOf(id).epoch);
      assert.deepEqual(await storedOf(broker), ["piece second"]);
      const page = await broker.read(LOG, id, ALL);
      assert.equal(page.kind === "gap" && page.why, "epoch");
      await refused("stream-over", streams.append(first, textPayload("late")));
    },
  },
  {
    name: "a reader who waits for a stream goes on in it when it is opened (P2)",
    async run(broker) {
      const stop = await broker.watch(LOG, () => {});
      const { head } = await readPage(broker, "now", ALL, LOG);
      const streams = streamsOf(broker);
      const id = await streams.append(await streams.open(LOG, LEASE_MS), textPayload("one"));
      assert.deepEqual(parseId(id), { epoch: head.epoch, seq: head.seq + 1 });
      stop();
    },
  },
  {
    name: "a late reader gets neighbouring pieces as one, with the id of the newest, wherever its cursor is (P2)",
    async run(broker) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      const first = await streams.append(hold, textPayload("a"));
      for (const text of ["b", "c"]) await streams.append(hold, textPayload(text));
      await streams.append(hold, bytesPayload(new Uint8Array([1, 2])));
      await streams.append(hold, bytesPayload(new Uint8Array([3])));
      await streams.finish(hold);
      const shown = async (after: string): Promise<string[]> =>
        (await readPage(broker, after, ALL, LOG)).messages.map(
          (message) => `${message.seq}+${message.skipped} ${nameOf(message)}`,
        );
      assert.deepEqual(await shown("start"), ["3+2 piece abc", "5+1 piece 1,2,3", "6+0 end null"]);
      assert.deepEqual(await shown(idBy(first, 1)), ["3+0 piece c", "5+1 piece 1,2,3", "6+0 end null"]);
      assert.deepEqual(await shown(idBy(first, 3)), ["5+0 piece 3", "6+0 end null"]);
    },
  },
  {
    name: "pages of joined pieces are as large as they may be, and join up (P2, P6)",
    async run(broker) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      for (let n = 0; n < 10; n++) await streams.append(hold, textPayload(String(n)));
      const pages: string[] = [];
      let cursor = idBy(await streams.finish(hold), -11);
      for (;;) {
        const { epoch, messages } = await readPage(broker, cursor, { messages: 1, bytes: 4 }, LOG);
        const [message] = messages;
        if (!message) break;
        assert.equal(messages.length, 1);
        assert.equal(message.seq - message.skipped, partsOf(cursor).seq + 1);
        pages.push(nameOf(message));
        cursor = idBy(cursor, message.skipped + 1);
        assert.equal(partsOf(cursor).epoch, epoch);
      }
      assert.deepEqual(pages, ["piece 0123", "piece 4567", "piece 89", "end null"]);
    },
  },
  {
    name: "an open stream is not trimmed, whatever channels keep (P4)",
    settings: { retention: { messages: 2, bytes: 100, ageMs: AGE_MS } },
    time: true,
    async run(broker, advance) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS + AGE_MS);
      for (let n = 0; n < 50; n++) await streams.append(hold, textPayload(`${n} is a number, `));
      await advance(AGE_MS + 1);
      assert.equal((await storedOf(broker)).length, 50);
      await streams.finish(hold);
      assert.equal((await storedOf(broker)).length, 51);
    },
  },
  {
    name: "a stream that is over is kept for the retention's age, and goes as a whole (P4)",
    settings: { retention: { ageMs: AGE_MS } },
    time: true,
    async run(broker, advance) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, AGE_MS);
      await streams.append(hold, textPayload("one"));
      await advance(AGE_MS / 2);
      await streams.append(hold, textPayload("two"));
      await streams.finish(hold);
      await advance(AGE_MS - 1_000);
      assert.deepEqual(await storedOf(broker), ["piece one", "piece two", "end null"]);
      await advance(2_000);
      assert.deepEqual(await storedOf(broker), []);
    },
  },
  {
    name: "a lease that is not renewed ends the stream as producer-lost, once (P12)",
    time: true,
    async run(broker, advance) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      await streams.append(hold, textPayload("half an ans"));
      await advance(LEASE_MS + 1_000);
      await refused("stream-over", streams.append(hold, textPayload("wer")));
      await refused("stream-over", streams.renew(hold, LEASE_MS));
      await refused("stream-over", streams.finish(hold));
      await advance(3 * LEASE_MS);
      const stored = await storedOf(broker);
      assert.deepEqual([stored.length, stored[0]], [2, "piece half an ans"]);
      assert.match(String(stored[1]), /^failed \{"code":"producer-lost"/);
      await streams.open(LOG, LEASE_MS); // and whoever comes next may begin anew
    },
  },
  {
    name: "a lease that is renewed goes on (P12)",
    time: true,
    async run(broker, advance) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      for (let n = 0; n < 5; n++) {
        await advance(LEASE_MS / 2);
        await streams.renew(hold, LEASE_MS);
      }
      await advance(LEASE_MS - 1_000);
      await streams.append(hold, textPayload("still here"));
      assert.deepEqual(await storedOf(broker), ["piece still here"]);
    },
  },
  {
    name: "a stream has no more bytes than its limit, and may still be ended (P6, P12)",
    settings: { limits: { streamBytes: 10 } },
    async run(broker) {
      const streams = streamsOf(broker);
      const hold = await streams.open(LOG, LEASE_MS);
      await streams.append(hold, textPayload("1234567890"));
      await refused("too-large", streams.append(hold, textPayload("!")));
      await streams.finish(hold, { code: "too-long", message: "The answer is too long." });
      assert.deepEqual((await storedOf(broker)).length, 2);
    },
  },
];

function streamsOf({ streams }: Broker): Streams {
  return streams ?? assert.fail("the broker has no streams");
}

async function refused(code: string, call: Promise<unknown>): Promise<void> {
  const outcome = await call.then(() => "done", codeOf);
  assert.equal(outcome, code);
}

function codeOf(thrown: unknown): string {
  return isEitherwayError(thrown) ? thrown.code : String(thrown);
}

/** What history has: every piece by itself. */
async function storedOf(broker: Broker): Promise<string[]> {
  const page = await broker.readBefore(LOG, undefined, ALL);
  return (page?.messages ?? []).map(nameOf);
}

function nameOf({ event, payload }: Message): string {
  return `${event} ${payload.data}`;
}
