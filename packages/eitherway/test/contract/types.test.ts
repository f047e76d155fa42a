/** What the types of a contract take and refuse: checked when the tests are compiled, and by the compiler's own words. */
import { expect, expectTypeOf, test } from "vitest";
import { createClient as createCoreClient } from "../../src/client/core.ts";
import type { MessageMeta } from "../../src/client/index.ts";
import { createClient } from "../../src/client/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { app } from "./app.ts";

/** Never called: its lines only have to compile, or not to. */
export async function typed(): Promise<void> {
  const client = createClient(app, { url: "http://localhost/eitherway" });
  const room = client.channel("room", { id: "42" }, { from: "start" });
  room.on("message", (data, meta) => {
    expectTypeOf(data).toEqualTypeOf<{ text: string }>();
    expectTypeOf(meta).toEqualTypeOf<MessageMeta>();
  });
  room.on("dated", ({ day }) => expectTypeOf(day).toEqualTypeOf<number>());
  room.on("timed", (data) => expectTypeOf(data).toEqualTypeOf<{ at: string; notes: string[] }>());
  room.on("gap", ({ why }) => expectTypeOf(why).toEqualTypeOf<"trimmed" | "epoch" | "unknown">());
  await room.publish("dated", { day: "monday" });
  await room.publish("timed", { at: "2026-11-28T07:00:00Z" });
  expectTypeOf(room.params).toEqualTypeOf<{ readonly id: string }>();
  for await (const message of room) {
    if (message.event === "message") expectTypeOf(message.data).toEqualTypeOf<{ text: string }>();
    else expectTypeOf(message.event).toEqualTypeOf<"typing" | "dated" | "timed">();
  }
  client.channel("news", { from: "start" }).on("item", ({ title }) => expectTypeOf(title).toEqualTypeOf<string>());
  client.channel("job", { id: "1" }).on("done", ({ ok }) => expectTypeOf(ok).toEqualTypeOf<boolean>());

  const prices = client.channel("prices", { book: "eu", side: "bid" });
  expectTypeOf(prices.keyOf("tick", { symbol: "A", price: 1 })).toEqualTypeOf<string>();
  // @ts-expect-error another value
  prices.keyOf("tick", { symbol: 1 });
  // @ts-expect-error an event that is not latest
  room.keyOf("message", { text: "hi" });

  await room.presence.set({ name: "Ana" });
  room.presence.on((members) => expectTypeOf(members[0]?.state).toEqualTypeOf<{ name: string } | undefined>());
  const job = client.channel("job", { id: "7" });
  for await (const chunk of job.stream("answer")) expectTypeOf(chunk).toEqualTypeOf<string>();
  for await (const chunk of job.stream("file")) expectTypeOf(chunk).toEqualTypeOf<Uint8Array>();
  expectTypeOf(job.presence).toEqualTypeOf<undefined>();
  // @ts-expect-error another state
  await room.presence.set({ name: 42 });
  // @ts-expect-error no such stream
  job.stream("answers");

  // @ts-expect-error no such channel
  client.channel("rooms", { id: "42" });
  // @ts-expect-error a parameter is missing
  client.channel("room");
  // @ts-expect-error another parameter
  client.channel("room", { name: "42" });
  // @ts-expect-error a parameter of another type
  client.channel("room", { id: 42 });
  // @ts-expect-error a channel without parameters
  client.channel("news", { id: "42" });
  // @ts-expect-error no such event
  room.on("messages", () => {});
  // @ts-expect-error another payload
  await room.publish("message", { text: 42 });
  // @ts-expect-error what the schema makes of it is not what it takes
  await room.publish("dated", { day: 6 });
  // @ts-expect-error an event of another channel
  await room.publish("item", { title: "" });

  expectTypeOf(await room.call.send({ text: "hi" }, { timeout: 5_000 })).toEqualTypeOf<{ id: string }>();
  expectTypeOf(await room.call.stop()).toEqualTypeOf<undefined>();
  // @ts-expect-error no such call
  await room.call.sends({ text: "hi" });
  // @ts-expect-error another input
  await room.call.send({ text: 42 });
  // @ts-expect-error the input is missing
  await room.call.send();
  // @ts-expect-error a call without an input
  await room.call.stop({ text: "hi" });
  // @ts-expect-error a channel without calls
  await client.channel("news").call.send({});

  const pieces = createCoreClient(app, { url: "http://localhost/eitherway", transports: [] });
  pieces.channel("room", { id: "42" }).on("message", ({ text }) => expectTypeOf(text).toEqualTypeOf<string>());
  // @ts-expect-error a client by the piece has one way
  pieces.use("sse");

  const ew = eitherway(app, { validatePublishes: false });
  ew.channel("room", {
    calls: {
      async send({ input, params, user, client: id, signal, publish, fail }) {
        expectTypeOf(input).toEqualTypeOf<{ text: string }>();
        expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>();
        expectTypeOf(user).toEqualTypeOf<string | undefined>();
        expectTypeOf(id).toEqualTypeOf<string>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        if (input.text === "") fail("full", { seats: 0 });
        // @ts-expect-error no such error
        if (input.text === "") fail("fool", { seats: 0 });
        // @ts-expect-error an error with other data
        if (input.text === "") fail("full", { seats: "none" });
        // @ts-expect-error another payload
        await publish("message", { text: 42 });
        return publish("message", input);
      },
      stop() {},
    },
  });
  // @ts-expect-error no such channel
  ew.channel("rooms", {});
  // @ts-expect-error no such call
  ew.channel("room", { calls: { dance() {} } });
  // @ts-expect-error another answer
  ew.channel("room", { calls: { send: () => ({ id: 42 }) } });
  await ew.publish("room", { id: "42" }, "message", { text: "hi" }, { key: "order-991" });
  await ew.publish("news", "item", { title: "t" });
  await ew.stream("job", { id: "7" }, "answer").append("text");
  await ew.stream("job", { id: "7" }, "file", { leaseMs: "20s" }).append(new Uint8Array());
  expectTypeOf((await ew.presence("room", { id: "42" })).members[0]?.member).toEqualTypeOf<string | undefined>();
  // @ts-expect-error no such stream
  ew.stream("job", { id: "7" }, "answers");
  // @ts-expect-error a piece of another kind
  await ew.stream("job", { id: "7" }, "file").append("text");
  // @ts-expect-error no such channel
  await ew.publish("rooms", { id: "42" }, "message", { text: "hi" });
  // @ts-expect-error parameters are missing
  await ew.publish("room", "message", { text: "hi" });
  // @ts-expect-error another payload
  await ew.publish("room", { id: "42" }, "message", { text: 1 });
  // @ts-expect-error no such event
  await ew.publish("news", "message", { title: "t" });
}

test("the types of a contract take what it describes and refuse all else", () => {
  expect(typed).toBeTypeOf("function"); // its lines have compiled, or not, as they say
});
