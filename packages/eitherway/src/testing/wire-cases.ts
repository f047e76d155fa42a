/** What every transport does on the wire, seen without the client. */
import assert from "node:assert/strict";
import {
  type ArrivedFrame,
  binaryClientCodec,
  formatId,
  type Id,
  type MessagesFrame,
  parseId,
} from "../protocol/index.ts";
import { AWKWARD_PAYLOADS, EVENT_NAMES, messagePublish, PRETTY_JSON, payloadPublish } from "./awkward-payloads.ts";
import type { RawLink } from "./raw-link.ts";
import type { TransportCase } from "./transport-case.ts";

const MANY_CHANNELS = 1_000;

/** A first byte that no binary frame has. */
const NO_KIND = 0x7f;

export const WIRE_CASES: readonly TransportCase[] = [
  {
    name: "welcome comes first and tells what a client may rely on",
    async run({ start, link }) {
      const server = await start({ limits: { messageBytes: 1_000, subscriptions: 7 } });
      const frame = await link(server, { channels: { a: "now" } }).next();
      assert.equal(frame.t, "welcome");
      assert(frame.ping > 0 && frame.keyWindow > 0);
      assert.equal(frame.limits.messageBytes, 1_000);
      assert.equal(frame.limits.subscriptions, 7);
    },
  },
  {
    name: "start replays everything kept, then is live, without a seam to what is new (P1, P2)",
    async run({ start, link }) {
      const server = await start();
      const ids = await publishTexts(server, "a", ["1", "2", "3"]);
      const reader = link(server, { channels: { a: "start" } });
      assert.deepEqual(await readTexts(reader, 3), ["1", "2", "3"]);
      assert.equal((await reader.next("live")).id, ids[2]);
      await publishTexts(server, "a", ["4"]);
      assert.deepEqual(await readTexts(reader, 1), ["4"]);
    },
  },
  {
    name: "a replay of several runs meets publishes that go on meanwhile: nothing is lost, doubled or out of order (P1, P2)",
    async run({ start, link }) {
      const server = await start();
      const texts = Array.from({ length: 600 }, (_, n) => `${n} ${"x".repeat(400)}`);
      await publishTexts(server, "a", texts.slice(0, 300));
      const reader = link(server, { channels: { a: "start" } });
      const publishing = publishTexts(server, "a", texts.slice(300));
      assert.deepEqual(await readTexts(reader, texts.length), texts);
      await publishing;
    },
  },
  {
    name: "now on an empty channel is live at once, and its id is a cursor (P2, P3)",
    async run({ start, link }) {
      const server = await start();
      const first = link(server, { channels: { a: "now" } });
      const { id } = await first.next("live");
      assert.equal(parseId(id)?.seq, 0);
      first.close();
      await publishTexts(server, "a", ["while away"]);
      assert.deepEqual(await readTexts(link(server, { channels: { a: id } }), 1), ["while away"]);
    },
  },
  {
    name: "now leaves out what was before (P2)",
    async run({ start, link }) {
      const server = await start();
      const [, last] = await publishTexts(server, "a", ["old", "older"]);
      const reader = link(server, { channels: { a: "now" } });
      assert.equal((await reader.next("live")).id, last);
      await publishTexts(server, "a", ["new"]);
      assert.deepEqual(await readTexts(reader, 1), ["new"]);
    },
  },
  {
    name: "an id continues after it (P2, P3)",
    async run({ start, link }) {
      const server = await start();
      const [first = ""] = await publishTexts(server, "a", ["1", "2", "3"]);
      const reader = link(server, { channels: { a: first } });
      assert.deepEqual(await readTexts(reader, 2), ["2", "3"]);
      await reader.next("live");
    },
  },
  {
    name: "a cursor whose next message is gone gets a gap that says trimmed, then goes on (P2)",
    async run({ start, link }) {
      const server = await start({ retention: { messages: 3 } });
      const ids = await publishTexts(server, "a", ["1", "2", "3", "4", "5"]);
      const reader = link(server, { channels: { a: ids[0] as Id } });
      const gap = await reader.next("gap");
      assert.deepEqual([gap.why, gap.oldest, gap.head], ["trimmed", ids[2], ids[4]]);
      await reader.next("live");
      await publishTexts(server, "a", ["6"]);
      assert.deepEqual(await readTexts(reader, 1), ["6"]);
    },
  },
  {
    name: "a cursor of another life of the log gets a gap that says epoch (P2, P4)",
    async run({ start, link }) {
      const server = await start();
      const [id = ""] = await publishTexts(server, "a", ["1"]);
      const reader = link(server, { channels: { a: formatId("0123456789ab", 1) } });
      const gap = await reader.next("gap");
      assert.deepEqual([gap.why, gap.head], ["epoch", id]);
      await publishTexts(server, "a", ["2"]);
      assert.deepEqual(await readTexts(reader, 1), ["2"]);
    },
  },
  {
    name: "a cursor beyond the head gets a gap that says unknown (P2)",
    async run({ start, link }) {
      const server = await start();
      const [id = ""] = await publishTexts(server, "a", ["1"]);
      const reader = link(server, { channels: { a: formatId(parseId(id)?.epoch ?? "", 9) } });
      const gap = await reader.next("gap");
      assert.deepEqual([gap.why, gap.head], ["unknown", id]);
    },
  },
  {
    name: "a publish is answered with the id under which subscribers see it (P4)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      reader.publish(messagePublish("raw.1", "a", "hi"));
      const { key, id } = await reader.next("ok");
      assert.equal(key, "raw.1");
      assert.deepEqual(idsOf(await reader.next("messages")), [id]);
    },
  },
  {
    name: "a repeated key gets its first receipt, also over another link, and is applied once (P3, P5)",
    async run({ start, link }) {
      const server = await start();
      for (const key of ["raw.1", "order-991"]) {
        const channel = `a/${key}`;
        const first = link(server, {});
        first.publish(messagePublish(key, channel, "once"));
        const { id } = await first.next("ok");
        first.publish(messagePublish(key, channel, "once"));
        assert.equal((await first.next("ok")).id, id);
        first.close();
        const second = link(server, { channels: { [channel]: "start" } });
        second.publish(messagePublish(key, channel, "once"));
        assert.equal((await second.next("ok")).id, id);
        await server.publish(channel, "end", { kind: "text" });
        assert.deepEqual(await readTexts(second, 2), ["once", "end"]);
      }
    },
  },
  {
    name: "the same key with another body is key-reused (P5, P12)",
    async run({ start, link }) {
      const server = await start();
      const writer = link(server, {});
      writer.publish(messagePublish("raw.1", "a", "one"));
      await writer.next("ok");
      writer.publish(messagePublish("raw.1", "a", "another"));
      const error = await writer.next("error");
      assert.deepEqual([error.key, error.code], ["raw.1", "key-reused"]);
    },
  },
  {
    name: "publishes of one client are appended in the order sent (P1, P5)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      const texts = Array.from({ length: 100 }, (_, n) => `${n}`);
      reader.publish(...texts.map((text, n) => messagePublish(`raw.${n + 1}`, "a", text)));
      assert.deepEqual(await readTexts(reader, texts.length), texts);
      for (const n of texts.keys()) assert.equal((await reader.next("ok")).key, `raw.${n + 1}`);
    },
  },
  {
    name: "two subscribers see what two publishers send in the same order (P1)",
    async run({ start, link }) {
      const server = await start();
      const peers = ["one", "two"].map((client) => link(server, { client, channels: { a: "now" } }));
      for (const peer of peers) await peer.next("live");
      for (let n = 1; n <= 50; n++) {
        for (const [i, peer] of peers.entries())
          peer.publish(messagePublish(`${i === 0 ? "one" : "two"}.${n}`, "a", `${i}`));
      }
      const [seen, other] = await Promise.all(peers.map((peer) => readMessages(peer, 100)));
      assert.deepEqual(seen, other);
    },
  },
  {
    name: "payloads of every kind arrive exactly as they were published (P1)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      reader.publish(...AWKWARD_PAYLOADS.map(({ payload }, n) => payloadPublish(`raw.${n + 1}`, "a", payload)));
      const received = await readMessages(reader, AWKWARD_PAYLOADS.length);
      for (const [n, { payload, data }] of AWKWARD_PAYLOADS.entries()) {
        assert.equal(received[n]?.kind, payload.kind);
        assert.deepEqual(plain(received[n]?.data), plain(data));
      }
    },
  },
  {
    name: "JSON with line ends in it, as the plain HTTP door takes it, arrives whole (P1)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${server.url}/channels/a`, { method: "POST", headers, body: PRETTY_JSON });
      assert.equal(answer.status, 201);
      const [message] = await readMessages(reader, 1);
      assert.deepEqual(message?.data, JSON.parse(PRETTY_JSON));
    },
  },
  {
    name: "event names arrive as they were published",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      for (const event of EVENT_NAMES) await server.publish("a", 1, { event });
      const received = await readMessages(reader, EVENT_NAMES.length);
      assert.deepEqual(
        received.map(({ event }) => event),
        EVENT_NAMES,
      );
    },
  },
  {
    name: "1,000 channels are live on one link, and one more is refused by name (P6)",
    async run({ start, link }) {
      const server = await start();
      const names = Array.from({ length: MANY_CHANNELS + 1 }, (_, n) => `many/${n}`);
      const reader = link(server, { channels: Object.fromEntries(names.map((name) => [name, "start" as const])) });
      const { channel, code } = await reader.next("error");
      assert.deepEqual([channel, code], [names.at(-1), "too-many-subscriptions"]);
      for (let n = 0; n < MANY_CHANNELS; n++) await reader.next("live");
      for (const name of names) await server.publish(name, name);
      const seen = new Set<string>();
      while (seen.size < MANY_CHANNELS) seen.add((await reader.next("messages")).channel);
      assert(!seen.has(names.at(-1) as string));
    },
  },
  {
    name: "a channel that cannot be is an error of its own subscription (P12)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, {
        channels: { "a//b": "now", "@control": "now", "@stream/nameless": "now", good: "now" },
      });
      const errors = new Map<string | undefined, string>();
      for (let n = 0; n < 3; n++) {
        const { channel, code } = await reader.next("error");
        errors.set(channel, code);
      }
      assert.deepEqual(Object.fromEntries(errors), {
        "a//b": "bad-channel",
        "@control": "reserved-channel",
        "@stream/nameless": "reserved-channel",
      });
      assert.equal((await reader.next("live")).channel, "good");
      await publishTexts(server, "good", ["still works"]);
      assert.deepEqual(await readTexts(reader, 1), ["still works"]);
    },
  },
  {
    name: "a message over the limit is too-large, and what follows goes through (P6, P12)",
    async run({ start, link }) {
      const server = await start({ limits: { messageBytes: 100 } });
      const writer = link(server, {});
      writer.publish(messagePublish("raw.1", "a", "x".repeat(101)), messagePublish("raw.2", "a", "x".repeat(100)));
      const error = await writer.next("error");
      assert.deepEqual([error.key, error.code], ["raw.1", "too-large"]);
      assert.equal((await writer.next("ok")).key, "raw.2");
    },
  },
  {
    name: "a frame over the limit is too-large (P6, P12)",
    async run({ start, link }) {
      const server = await start({ limits: { frameBytes: 2_000, messageBytes: 1_000 } });
      const writer = link(server, { channels: { a: "now" } });
      await writer.next("live");
      writer.publish(messagePublish("raw.1", "a", "x".repeat(2_001)));
      assert.equal((await writer.next("bye")).code, "too-large");
    },
  },
  {
    name: "a frame of a kind that is not known is unknown-frame (P12)",
    async run({ start, link, dialect }) {
      const server = await start();
      const writer = link(server, { channels: { a: "now" } });
      await writer.next("live");
      writer.sendRaw(dialect.framing === binaryClientCodec ? Uint8Array.of(NO_KIND) : JSON.stringify({ t: "dance" }));
      assert.equal(await nextCode(writer), "unknown-frame");
    },
  },
  {
    name: "what is no frame at all gets a typed error (P12)",
    async run({ start, link }) {
      const server = await start();
      const writer = link(server, { channels: { a: "now" } });
      await writer.next("live");
      writer.sendRaw("this is no frame");
      assert((await nextCode(writer)).startsWith("bad-"));
    },
  },
  {
    name: "a server that goes away says drain, and that to come back helps (P10, P11)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      while (server.stats().links === 0) await turn(); // a poll is between two requests
      const [bye] = await Promise.all([reader.next("bye"), server.close()]);
      assert.equal(bye.code, "drain");
    },
  },
];

// --- helpers ---

interface Publisher {
  publish(channel: string, data: unknown, options: { readonly kind: "text" }): Promise<{ readonly id: Id }>;
}

async function publishTexts(server: Publisher, channel: string, texts: readonly string[]): Promise<Id[]> {
  const ids: Id[] = [];
  for (const text of texts) ids.push((await server.publish(channel, text, { kind: "text" })).id);
  return ids;
}

async function readMessages(link: RawLink, count: number): Promise<MessagesFrame["messages"]> {
  const messages: MessagesFrame["messages"][number][] = [];
  let next: number | undefined;
  while (messages.length < count) {
    const frame = await link.next("messages");
    for (const message of frame.messages) {
      next ??= message.seq;
      assert.equal(message.seq, next + message.skipped, "ids count up by one");
      next = message.seq + 1;
      messages.push(message);
    }
  }
  return messages;
}

async function readTexts(link: RawLink, count: number): Promise<string[]> {
  return (await readMessages(link, count)).map(({ data }) => String(data));
}

function idsOf({ epoch, messages }: MessagesFrame): Id[] {
  assert.ok(epoch !== undefined, "a run of volatile messages has no ids");
  return messages.map(({ seq }) => formatId(epoch, seq));
}

async function nextCode(link: RawLink): Promise<string> {
  for (;;) {
    const frame: ArrivedFrame = await link.next();
    if (frame.t === "error" || frame.t === "bye") return frame.code;
  }
}

const TURN_MS = 5;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

/** Bytes compare as bytes, whatever class holds them. */
function plain(data: unknown): unknown {
  return data instanceof Uint8Array ? [...data] : data;
}
