/** Calls over every transport: started once, in order, answered whenever they end. */
import assert from "node:assert/strict";
import { binary } from "../client/binary.ts";
import { isEitherwayError } from "../protocol/index.ts";
import type { Dialect } from "./dialects.ts";
import type { RawLink } from "./raw-link.ts";
import { openDesk, startedBefore, startOf } from "./suite-desk.ts";
import type { TransportCase } from "./transport-case.ts";

/** Longer than a request with commands waits for an answer. */
const LONG_MS = 150;

export const CALL_CASES: readonly TransportCase[] = [
  {
    name: "a call is answered with what its handler gives, or with its error and details; the next one goes through (P5, P12)",
    async run(context) {
      const { desk } = await openDesk(context);
      assert.equal(await desk.call.echo("é\r\n\u{1f600}"), "é\r\n\u{1f600}");
      assert.equal(await desk.call.release("nobody"), undefined);
      const refused = await Promise.all([
        errorOf(desk.call.refuse("no seats")),
        errorOf(desk.call.echo(JSON.parse("42"))),
        errorOf(desk.call.neglected()),
      ]);
      assert.deepEqual(refused, [
        ["call-failed", { name: "refused", data: "no seats" }],
        ["invalid", { issues: [{ path: "", message: "expected text" }] }],
        ["unknown-call", undefined],
      ]);
      assert.equal(await desk.call.echo("next"), "next");
    },
  },
  {
    name: "calls and publishes of one client start in the order made, and none waits for the end of one (P5)",
    async run(context) {
      const { desk } = await openDesk(context);
      const ended: string[] = [];
      const made = Array.from(
        { length: 20 },
        (_, n) => `${n % 3 === 0 ? "hold" : n % 3 === 1 ? "echo" : "publish"} ${n}`,
      );
      const asked = made.map(async (text) => {
        if (text.startsWith("publish")) await desk.publish("started", text);
        else await (text.startsWith("hold") ? desk.call.hold(text) : desk.call.echo(text));
        ended.push(text);
      });
      const held = made.filter((text) => text.startsWith("hold"));
      await Promise.all(asked.filter((_, n) => !held.includes(made[n] ?? "")));
      assert.deepEqual(
        ended.filter((text) => held.includes(text)),
        [],
      );
      for (const text of held.toReversed()) await desk.call.release(text);
      await Promise.all(asked);
      assert.deepEqual(
        (await startedBefore(desk, "the end")).map((text) => text.replace(/^\w+ (?=\w+ \d)/, "")),
        made,
      );
    },
  },
  {
    name: "a call that takes long is answered when it ends, and holds nothing up meanwhile (P5)",
    async run(context) {
      const { desk } = await openDesk(context);
      const asked = desk.call.hold("slow");
      await new Promise((resolve) => setTimeout(resolve, LONG_MS));
      assert.equal(await desk.call.echo("quick"), "quick");
      await desk.call.release("slow");
      assert.equal(await asked, "slow");
      assert.deepEqual(await startedBefore(desk, "the end"), ["hold slow", "echo quick"]);
    },
  },
  {
    name: "a call that is cut off again and again is started once, and answered (P3, P5)",
    async run(context) {
      const { app, desk, other } = await openDesk(context);
      const asked = ["a", "b", "c"].map((text) => desk.call.hold(text));
      for (let times = 0; times < 3; times++) {
        app.reconnect();
        assert.equal(await desk.call.echo(`${times}`), `${times}`);
      }
      app.reconnect();
      for (const text of ["c", "a", "b"]) await other.call.release(text);
      assert.deepEqual(await Promise.all(asked), ["a", "b", "c"]);
      const started = await startedBefore(other, "the end");
      assert.deepEqual(started, ["hold a", "hold b", "hold c", "echo 0", "echo 1", "echo 2"]);
    },
  },
  {
    name: "whoever asks again with the key of a call gets the same answer, and another input is key-reused (P5, P12)",
    async run(context) {
      const { desk, other } = await openDesk(context);
      const asked = [desk, other].map(({ call }) => call.hold("seat 7", { key: "order-991" }));
      await other.call.release("seat 7");
      assert.deepEqual(await Promise.all(asked), ["seat 7", "seat 7"]);
      assert.equal(await other.call.hold("seat 7", { key: "order-991" }), "seat 7");
      assert.deepEqual(await errorOf(other.call.hold("seat 8", { key: "order-991" })), ["key-reused", undefined]);
      assert.deepEqual(await startedBefore(desk, "the end"), ["hold seat 7"]);
    },
  },
  {
    name: "a call that runs is answered by itself where the link goes both ways, else it is running and asked for again (P5)",
    async run(context) {
      const { server, desk, other } = await openDesk(context);
      const link = context.link(server, { client: "caller" });
      await link.next("welcome");
      askToHold(link);
      if (context.dialect.transport === "websocket") await startOf(other, "hold it");
      else assert.equal((await link.next("running")).key, "k1");
      await desk.call.release("it");
      if (context.dialect.transport !== "websocket") askToHold(link);
      const { key, answer } = await link.next("ok");
      assert.deepEqual([key, answer?.data], ["k1", "it"]);
      const started = await startedBefore(desk, "the end");
      assert.equal(started.filter((text) => text === "hold it").length, 1);
    },
  },
];

/** What has to hold between the case's dialect and another one. */
export function callSwitchCases(to: Dialect): readonly TransportCase[] {
  return [
    {
      name: "calls that run at a switch are started once, and answered over the other transport (P3, P5)",
      async run(context) {
        const framing = [context.dialect.framing, to.framing].includes(binary) ? binary : context.dialect.framing;
        const { app, desk, other } = await openDesk(context, { framing });
        const texts = Array.from({ length: 10 }, (_, n) => `${n}`);
        const asked = texts.map((text) => desk.call.hold(text));
        app.use(to.transport);
        assert.equal(await desk.call.echo("switched"), "switched");
        for (const text of texts) await other.call.release(text);
        assert.deepEqual(await Promise.all(asked), texts);
        const started = await startedBefore(other, "the end");
        assert.deepEqual(started, [...texts.map((text) => `hold ${text}`), "echo switched"]);
        assert.equal(app.status.transport, to.transport);
      },
    },
  ];
}

function askToHold(link: RawLink): void {
  link.publish({ t: "call", key: "k1", channel: "desk/1", name: "hold", payload: { kind: "json", data: '"it"' } });
}

async function errorOf(asked: Promise<unknown>): Promise<readonly [code: string, details: unknown]> {
  const error = await asked.then(
    () => assert.fail("the call was to fail"),
    (thrown: unknown) => thrown,
  );
  assert(isEitherwayError(error), String(error));
  return [error.code, error.details];
}
