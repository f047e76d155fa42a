/** What the types of a harness take and refuse: checked when the tests are compiled. */
import { expectTypeOf, test } from "vitest";
import type { Client } from "../../../src/client/index.ts";
import { createHarness } from "../../../src/testing/index.ts";
import { app, ROOM } from "./app.ts";

/** Never called: its lines only have to compile, or not to. */
export async function typed(): Promise<void> {
  await using harness = createHarness(app);
  const room = harness.client().channel("room", ROOM);
  expectTypeOf(room.params).toEqualTypeOf<{ readonly id: string }>();
  expectTypeOf(harness.collect(room, "said").data).toEqualTypeOf<{ text: string }[]>();
  expectTypeOf(harness.collect(room, "said", "typing").data).toEqualTypeOf<({ text: string } | { who: string })[]>();
  expectTypeOf(await room.call.say({ text: "hi" })).toEqualTypeOf<{ id: string }>();
  expectTypeOf(await harness.until(room.call.think("so"))).toEqualTypeOf<string>();
  harness.server.channel("room", { calls: { think: ({ input, params }) => `${input} ${params.id}` } });
  await harness.server.publish("room", ROOM, "said", { text: "hi" });
  // @ts-expect-error no such channel
  harness.client().channel("rooms", ROOM);
  // @ts-expect-error another payload
  await harness.server.publish("room", ROOM, "said", { text: 42 });
  // @ts-expect-error which event is not said
  harness.collect(room);
  // @ts-expect-error no such event
  harness.collect(room, "saying");
  // @ts-expect-error where the server is, is the harness's to say
  harness.client({ url: "http://localhost" });
  // @ts-expect-error of another harness without a contract
  harness.network(createHarness().client());
  // @ts-expect-error no such weather
  harness.network().set({ reach: "closed" });

  const plain = createHarness();
  expectTypeOf(plain.client()).toEqualTypeOf<Client>();
  expectTypeOf(plain.collect(plain.client().channel("room/42")).data).toEqualTypeOf<unknown[]>();
  await plain.server.publish("room/42", { text: "hi" }, { key: "a" });
}

test("the types of a harness are those of its contract", () => {
  expectTypeOf(typed).toBeFunction();
});
