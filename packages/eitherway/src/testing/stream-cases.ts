/** What every transport does for a stream: whoever reads it, from whenever on, gets the same. */
import assert from "node:assert/strict";
import { readStream, type StreamSnapshot } from "../client/streams.ts";
import { isEitherwayError } from "../protocol/index.ts";
import type { SuiteServer, TransportCase } from "./transport-case.ts";

const CHANNEL = "job/7";
const NAME = "answer";
/** Of one to four bytes each in UTF-8, so that a wrong cut shows. */
const TOKENS = ["The ", "answer", " is", ": ", "é", "ß", "漢", "字", "\u{1f600}", "\n", " 42", "."];
/** More text than one page. */
const LONG = "0123456789abcdef".repeat(1_000);

export const STREAM_CASES: readonly TransportCase[] = [
  {
    name: "readers that join a stream before, in the middle and after get the same text (P2)",
    async run({ start, client }) {
      const server = await start();
      const readers = [readStream(client(server), CHANNEL, NAME).text()];
      const producer = server.stream(CHANNEL, NAME);
      for (const token of TOKENS) {
        await producer.append(token);
        readers.push(readStream(client(server), CHANNEL, NAME).text());
      }
      await producer.end();
      readers.push(readStream(client(server), CHANNEL, NAME).text());
      assert.deepEqual(new Set(await Promise.all(readers)), new Set([TOKENS.join("")]));
    },
  },
  {
    name: "a stream of many pages comes whole, to one that joins late and to one that was there (P2, P6)",
    async run({ start, client }) {
      const server = await start();
      const early = readStream(client(server), CHANNEL, NAME).text();
      const producer = server.stream(CHANNEL, NAME);
      for (let n = 0; n < 20; n++) await producer.append(LONG);
      const late = readStream(client(server), CHANNEL, NAME).bytes();
      await producer.end();
      assert.equal(await early, LONG.repeat(20));
      assert.equal(new TextDecoder().decode(await late), LONG.repeat(20));
    },
  },
  {
    name: "a loop over a stream gets chunk by chunk what reconnects cut, and ends with it (P2, P3)",
    async run({ start, client }) {
      const server = await start();
      const reader = client(server);
      const producer = server.stream(CHANNEL, NAME);
      await producer.append("begin ");
      let text = "";
      let count = 0;
      for await (const chunk of readStream(reader, CHANNEL, NAME)) {
        text += chunk;
        if (count === TOKENS.length) await producer.end();
        else await producer.append(TOKENS[count] ?? "");
        if (count++ % 4 === 2) reader.reconnect();
      }
      assert.equal(text, `begin ${TOKENS.join("")}`);
      assert.deepEqual([reader.status.holes, reader.status.gaps], [0, 0]);
      await subscriptionsEnd(server);
    },
  },
  {
    name: "a stream that fails is an error with the producer's code, and what came before is there (P12)",
    async run({ start, client }) {
      const server = await start();
      const reader = readStream(client(server), CHANNEL, NAME);
      const snapshots: StreamSnapshot<string>[] = [];
      const stop = reader.on((snapshot) => snapshots.push(snapshot));
      const failed = reader.text().then(
        () => assert.fail("a stream that failed has no text"),
        (thrown) => thrown,
      );
      const producer = server.stream(CHANNEL, NAME);
      await producer.append("half an ans");
      await producer.fail("The model has had enough.", "no-tokens");
      const error = await failed;
      assert(isEitherwayError(error));
      assert.deepEqual(
        [error.code, error.message, error.details],
        ["stream-failed", "The model has had enough.", { code: "no-tokens" }],
      );
      const last = snapshots.at(-1);
      assert.deepEqual([last?.state, last?.text, last?.error], ["failed", "half an ans", error]);
      stop();
    },
  },
  {
    name: "a stream that is produced again is read again, by those who wait for its text too (P2)",
    async run({ start, client }) {
      const server = await start();
      const reader = readStream(client(server), CHANNEL, NAME);
      const first = server.stream(CHANNEL, NAME);
      await first.append("first");
      await first.end();
      assert.equal(await reader.text(), "first");
      const seen: string[] = [];
      const stop = reader.on(({ state, text, restarts }) => seen.push(`${state} ${text} ${restarts}`));
      assert.equal(await reader.text(), "first");
      const second = server.stream(CHANNEL, NAME);
      await second.append("second");
      await until(() => seen.at(-1) === "open second 1");
      await second.append(" time");
      await second.end();
      await until(() => seen.at(-1) === "ended second time 1");
      assert.equal(await reader.text(), "second time");
      stop();
    },
  },
];

const TURN_MS = 5;

async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

/** Resolves when the server has no subscription any more: who left the loop has left there too. */
async function subscriptionsEnd(server: SuiteServer): Promise<void> {
  await until(() => {
    const { reading, live, lagging } = server.stats().subscriptions;
    return reading + live + lagging === 0;
  });
}
