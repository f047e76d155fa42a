/** What every transport does for an application: the same channel API, the same promises. */
import assert from "node:assert/strict";
import { binary } from "../client/binary.ts";
import type { Client } from "../client/index.node.ts";
import { isEitherwayError } from "../protocol/index.ts";
import { AWKWARD_PAYLOADS, EVENT_NAMES } from "./awkward-payloads.ts";
import { collect } from "./collected.ts";
import type { Dialect } from "./dialects.ts";
import type { CaseContext, SuiteServer, TransportCase } from "./transport-case.ts";

const MANY_CHANNELS = 1_000;

export const CLIENT_CASES: readonly TransportCase[] = [
  {
    name: "a client publishes and hears itself, under the id of the receipt (P4)",
    async run({ start, client }) {
      const server = await start();
      const channel = client(server).channel("room/42");
      const heard = collect(channel);
      await heard.live();
      const { id } = await channel.publish({ text: "hi" }, { event: "chat" });
      assert.deepEqual(await heard.messages(1), [{ text: "hi" }]);
      const [meta] = heard.metas;
      assert.deepEqual([meta?.id, meta?.channel, meta?.event, meta?.kind], [id, "room/42", "chat", "json"]);
      assert.equal(channel.cursor, id);
    },
  },
  {
    name: "two clients see what both publish at once in the same order, each one's own in the order sent (P1, P5)",
    async run({ start, client }) {
      const server = await start();
      const channels = ["one", "two"].map((name) => ({ name, channel: client(server).channel("a") }));
      const heard = channels.map(({ channel }) => collect(channel));
      for (const one of heard) await one.live();
      const texts = (name: string): string[] => Array.from({ length: 50 }, (_, n) => `${name} ${n}`);
      const publishing = channels.flatMap(({ name, channel }) => texts(name).map((text) => channel.publish(text)));
      await Promise.all(publishing);
      const [seen, other] = await Promise.all(heard.map((one) => one.messages(100)));
      assert.deepEqual(seen, other);
      for (const { name } of channels) {
        assert.deepEqual(
          seen?.filter((text) => String(text).startsWith(name)),
          texts(name),
        );
      }
    },
  },
  {
    name: "start, now and an id start a subscription where they say (P2)",
    async run({ start, client }) {
      const server = await start();
      const { id } = await server.publish("a", 1);
      await server.publish("a", 2);
      const heard = (["start", "now", id] as const).map((from) => collect(client(server).channel("a", { from })));
      for (const one of heard) await one.live();
      await server.publish("a", 3);
      for (const one of heard) await one.until(({ data }) => data.at(-1) === 3);
      assert.deepEqual(
        heard.map(({ data }) => data),
        [[1, 2, 3], [3], [2, 3]],
      );
      assert.deepEqual(
        heard.map(({ metas }) => metas.map(({ replayed }) => replayed)),
        [[true, true, false], [false], [true, false]],
      );
    },
  },
  {
    name: "a client that reconnects goes on at its cursor, while publishes go on (P2, P3)",
    async run({ start, client }) {
      const server = await start();
      const reader = client(server);
      const heard = collect(reader.channel("a"));
      await heard.live();
      const count = 200;
      for (let n = 0; n < count; n++) {
        await server.publish("a", n);
        if (n % 20 === 10) {
          await heard.messages(n - 8); // it is connected again, or still
          reader.reconnect();
        }
      }
      assert.deepEqual(await heard.messages(count), countTo(count));
      assert.deepEqual([reader.status.holes, heard.gaps.length], [0, 0]);
    },
  },
  {
    name: "publishes across reconnects are applied once each, in order (P5)",
    async run({ start, client }) {
      const server = await start();
      const writer = client(server);
      const heard = collect(client(server).channel("a"));
      await heard.live();
      const count = 200;
      const publishing: Promise<unknown>[] = [];
      for (let n = 0; n < count; n++) {
        publishing.push(writer.channel("a").publish(n));
        if (n % 40 === 20) {
          await publishing[n - 10];
          writer.reconnect();
        }
      }
      await Promise.all(publishing);
      await server.publish("a", "end");
      await heard.until(({ data }) => data.at(-1) === "end");
      assert.deepEqual(heard.data, [...countTo(count), "end"]);
    },
  },
  {
    name: "channels come and go while the client is open, and no other one notices (P2)",
    async run({ start, client }) {
      const server = await start();
      const reader = client(server);
      const steady = collect(reader.channel("steady"));
      await steady.live();
      for (let n = 0; n < 5; n++) {
        const passing = collect(reader.channel(`passing/${n}`));
        await passing.live();
        await Promise.all([server.publish("steady", n), server.publish(`passing/${n}`, n)]);
        assert.deepEqual(await passing.messages(1), [n]);
        passing.stop();
      }
      assert.deepEqual(await steady.messages(5), countTo(5));
      await settled(server, 1);
      assert.equal(reader.status.holes, 0);
    },
  },
  {
    name: "payloads of every kind go out and come back exactly (P1)",
    async run({ start, client }) {
      const server = await start();
      const channel = client(server).channel("a");
      const heard = collect(channel);
      await heard.live();
      for (const { payload, data } of AWKWARD_PAYLOADS) await channel.publish(data, { kind: payload.kind });
      await heard.messages(AWKWARD_PAYLOADS.length);
      for (const [n, { payload, data }] of AWKWARD_PAYLOADS.entries()) {
        assert.equal(heard.metas[n]?.kind, payload.kind);
        assert.deepEqual(comparable(heard.data[n]), comparable(data));
      }
    },
  },
  {
    name: "event names go out and come back",
    async run({ start, client }) {
      const server = await start();
      const channel = client(server).channel("a");
      const heard = collect(channel);
      await heard.live();
      for (const event of EVENT_NAMES) await channel.publish(1, { event });
      await heard.messages(EVENT_NAMES.length);
      assert.deepEqual(
        heard.metas.map(({ event }) => event),
        EVENT_NAMES,
      );
    },
  },
  {
    name: "1,000 channels on one client: each message comes to its own (P2)",
    async run({ start, client }) {
      const server = await start();
      const reader = client(server);
      const heard = Array.from({ length: MANY_CHANNELS }, (_, n) => collect(reader.channel(`many/${n}`)));
      for (const one of heard) await one.live();
      for (let n = 0; n < MANY_CHANNELS; n++) await server.publish(`many/${n}`, n);
      for (const [n, one] of heard.entries()) assert.deepEqual(await one.messages(1), [n]);
    },
  },
  {
    name: "what the log no longer has is one gap, then the client goes on (P2)",
    async run({ start, client }) {
      const server = await start({ retention: { messages: 3 } });
      const { id } = await server.publish("a", 0);
      const ids: string[] = [];
      for (let n = 1; n <= 5; n++) ids.push((await server.publish("a", n)).id);
      const reader = client(server);
      const heard = collect(reader.channel("a", { from: id }));
      await heard.live();
      await server.publish("a", 6);
      assert.deepEqual(await heard.messages(1), [6]);
      assert.deepEqual(
        heard.gaps.map(({ why, oldest, head }) => [why, oldest, head]),
        [["trimmed", ids[2], ids[4]]],
      );
      assert.equal(reader.status.gaps, 1);
    },
  },
  {
    name: "after a server restart the client goes on, and is told of a log that is new in a gap (P2, P4, P10)",
    async run({ start, client }) {
      const server = await start();
      const channel = client(server).channel("a");
      const heard = collect(channel);
      await heard.live();
      await channel.publish("before");
      await heard.messages(1);
      await server.restart();
      if (!server.keepsLogs) await heard.until(({ gaps }) => gaps.length > 0);
      await channel.publish("after");
      assert.deepEqual(await heard.messages(2), ["before", "after"]);
      assert.deepEqual(
        heard.gaps.map(({ why }) => why),
        server.keepsLogs ? [] : ["epoch"],
      );
    },
  },
  {
    name: "a subscription over the limit fails alone (P6, P12)",
    async run({ start, client }) {
      const server = await start({ limits: { subscriptions: 1 } });
      const reader = client(server);
      const good = collect(reader.channel("good"));
      await good.live();
      const refused = collect(reader.channel("one too many"));
      await refused.until(({ errors }) => errors.length > 0);
      assert.deepEqual(refused.errors, ["too-many-subscriptions"]);
      await server.publish("good", 1);
      assert.deepEqual(await good.messages(1), [1]);
    },
  },
  {
    name: "a publish that the server refuses rejects with its code, and the next one goes through (P12)",
    async run({ start, client }) {
      const server = await start({ limits: { messageBytes: 100 } });
      const channel = client(server).channel("a");
      const codeOf = (thrown: unknown): string => (isEitherwayError(thrown) ? thrown.code : String(thrown));
      const refused = channel.publish("x".repeat(100)).catch(codeOf); // with its quotes it is over
      const { id } = await channel.publish("fits");
      assert.equal(await refused, "too-large");
      assert(id.endsWith("1"), "nothing else was appended");
      await channel.publish("first body", { key: "order-991" });
      assert.equal(await channel.publish("another body", { key: "order-991" }).catch(codeOf), "key-reused");
    },
  },
  {
    name: "a loop over a channel gets every message in order (P1, P2)",
    async run({ start, client }) {
      const server = await start();
      for (let n = 0; n < 50; n++) await server.publish("a", n);
      const seen: unknown[] = [];
      for await (const { data } of client(server).channel("a", { from: "start" })) {
        seen.push(data);
        if (seen.length === 25) await server.publish("a", 50);
        if (seen.length === 51) break;
      }
      assert.deepEqual(seen, countTo(51));
      await settled(server, 0);
    },
  },
];

/** What has to hold between the case's dialect and another one. */
export function switchCases(to: Dialect): readonly TransportCase[] {
  return [
    {
      name: "a switch keeps the cursor of every channel, while publishes go on (P2, P3)",
      async run(context) {
        const { server, both } = await startBoth(context, to);
        const heard = ["a", "b"].map((name) => collect(both.channel(name)));
        for (const one of heard) await one.live();
        const count = 60;
        for (let n = 0; n < count; n++) {
          await Promise.all([server.publish("a", n), server.publish("b", n)]);
          if (n === 20) both.use(to.transport);
          if (n === 40) both.use(context.dialect.transport);
        }
        for (const one of heard) assert.deepEqual(await one.messages(count), countTo(count));
        assert.deepEqual([both.status.holes, both.status.gaps], [0, 0]);
        assert.equal(both.status.transport, context.dialect.transport);
      },
    },
    {
      name: "publishes that are unanswered at a switch are applied once, in order (P3, P5)",
      async run(context) {
        const { server, both } = await startBoth(context, to);
        const heard = collect(both.channel("a"));
        await heard.live();
        const count = 60;
        const publishing: Promise<unknown>[] = [];
        for (let n = 0; n < count; n++) {
          publishing.push(both.channel("a").publish(n));
          if (n === 20) {
            await publishing[10];
            both.use(to.transport);
          }
        }
        await Promise.all(publishing);
        await server.publish("a", "end");
        await heard.until(({ data }) => data.at(-1) === "end");
        assert.deepEqual(heard.data, [...countTo(count), "end"]);
        assert.equal(both.status.transport, to.transport);
      },
    },
  ];
}

/** A client that can speak both dialects, and speaks the first one. */
async function startBoth(context: CaseContext, to: Dialect): Promise<{ server: SuiteServer; both: Client }> {
  const server = await context.start();
  const framing = [context.dialect.framing, to.framing].includes(binary) ? binary : context.dialect.framing;
  return { server, both: context.client(server, { framing }) };
}

// --- helpers ---

function countTo(count: number): number[] {
  return [...new Array(count).keys()];
}

const TURN_MS = 5;

/** Resolves when the server has so many subscriptions: what ended has ended there too. */
async function settled(server: SuiteServer, subscriptions: number): Promise<void> {
  const now = (): number => {
    const { reading, live, lagging } = server.stats().subscriptions;
    return reading + live + lagging;
  };
  while (now() !== subscriptions) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

/** Bytes compare as bytes, whatever class holds them. */
function comparable(data: unknown): unknown {
  return data instanceof Uint8Array ? [...data] : data;
}
