import { createElement } from "react";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createClient } from "../../src/client/index.node.ts";
import { channel, contract } from "../../src/contract/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { createHooks } from "../../src/react/index.ts";
import { witnessed } from "../support/witness.ts";
import { createProbe, mount } from "./support.ts";

const app = contract({
  room: channel("room/:id", {
    events: { message: z.object({ text: z.string() }) },
    calls: { send: { in: z.object({ text: z.string() }), out: z.object({ id: z.string() }) } },
  }),
});

async function start() {
  const ew = eitherway(app, { logger: witnessed() });
  onTestFinished(() => ew.close());
  ew.channel("room", {
    calls: {
      async send({ input, params }) {
        if (input.text === "") throw new Error("nothing said");
        return ew.publish("room", { id: params.id }, "message", input);
      },
    },
  });
  const client = createClient(app, { url: (await ew.listen({ port: 0 })).url });
  onTestFinished(() => client.close());
  return createHooks(client);
}

describe("useCall", () => {
  test("gives the answer, and shows what is expected until the message is there", async () => {
    const { useCall, useEvents } = await start();
    const { Probe, shown } = createProbe(() => {
      const { items } = useEvents("room", { id: "42" }, "message");
      const send = useCall("room", { id: "42" }, "send", { optimistic: ({ text }) => ({ text: text.toUpperCase() }) });
      return { items, send };
    });
    mount(createElement(Probe), { strict: true });
    await shown.until(({ send }) => send !== undefined);
    const { call } = shown.last.send;
    expectTypeOf(call).returns.resolves.toEqualTypeOf<{ id: string }>();
    const answer = call({ text: "hi" });
    const { send } = await shown.until(({ send }) => send.optimistic.length > 0);
    expect(send).toMatchObject({ pending: true, error: undefined, optimistic: [{ data: { text: "HI" } }] });
    expectTypeOf(send.optimistic[0]?.data).toEqualTypeOf<{ text: string } | undefined>();
    const { id } = await answer;
    const done = await shown.until((view) => view.send.optimistic.length === 0);
    expect(done.items.map((item) => item.id)).toEqual([id]);
    expect(done.send.pending).toBe(false);
    expect(done.send.call).toBe(call);
    // At no time was there neither the one nor the other.
    const begun = shown.views.findIndex((view) => view.send.optimistic.length > 0);
    expect(shown.views.slice(begun).filter((view) => view.items.length + view.send.optimistic.length === 0)).toEqual(
      [],
    );
  });

  test("shows why a call failed until the next one; nobody has to catch it", async () => {
    const { useCall } = await start();
    const { Probe, shown } = createProbe(() =>
      useCall("room", { id: "42" }, "send", { optimistic: ({ text }) => text }),
    );
    mount(createElement(Probe));
    const { call } = await shown.until((view) => view !== undefined);
    void call({ text: "" });
    expect((await shown.until(({ error }) => error !== undefined)).error).toMatchObject({ code: "call-failed" });
    await shown.until(({ optimistic }) => optimistic.length === 0);
    await call({ text: "better" });
    await shown.until(({ error, pending }) => error === undefined && !pending);
  });

  test("an unknown call or a wrong input does not compile", async () => {
    const { useCall } = await start();
    // Compiled, never called.
    const wrong = () => {
      // @ts-expect-error no such call
      useCall("room", { id: "42" }, "sent");
      // @ts-expect-error a wrong input
      void useCall("room", { id: "42" }, "send").call({ txt: "hi" });
    };
    expect(wrong).toBeTypeOf("function");
  });
});
