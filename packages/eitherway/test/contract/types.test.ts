/** What the types of a contract take and refuse: checked when the tests are compiled, and by the compiler's own words. */
import { expect, expectTypeOf, test } from "vitest";
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
  room.on("gap", ({ why }) => expectTypeOf(why).toEqualTypeOf<"trimmed" | "epoch" | "unknown">());
  await room.publish("dated", { day: "monday" });
  expectTypeOf(room.params).toEqualTypeOf<{ readonly id: string }>();
  for await (const message of room) {
    if (message.event === "message") expectTypeOf(message.data).toEqualTypeOf<{ text: string }>();
    else expectTypeOf(message.event).toEqualTypeOf<"typing" | "dated">();
  }
  client.channel("news", { from: "start" }).on("item", ({ title }) => expectTypeOf(title).toEqualTypeOf<string>());
  client.channel("job", { id: "1" }).on("done", ({ ok }) => expectTypeOf(ok).toEqualTypeOf<boolean>());

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

  const ew = eitherway(app, { validatePublishes: false });
  await ew.publish("room", { id: "42" }, "message", { text: "hi" }, { key: "order-991" });
  await ew.publish("news", "item", { title: "t" });
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
