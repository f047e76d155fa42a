/** Who may end what a producer does: a call that says so, once; never a connection that is lost. */
import assert from "node:assert/strict";
import { collect } from "./collected.ts";
import { deskOf, type OpenDesk, openDesk, toldBefore } from "./suite-desk.ts";
import type { CaseContext, TransportCase } from "./transport-case.ts";

export const CANCEL_CASES: readonly TransportCase[] = [
  {
    name: "a call of a second client that cancels a stream reaches its producer once, and readers get one end (P5)",
    async run(context) {
      const opened = await openDesk(context);
      const { text } = await produce(opened, "half an ans");
      await opened.other.call.stop();
      assert.equal(await text, "half an ans");
      await expectCancels(context, opened, { stops: 1, cancels: 1 });
    },
  },
  {
    name: "clients that all cancel a stream, and one that does again, reach its producer once (P5)",
    async run(context) {
      const opened = await openDesk(context);
      const { text } = await produce(opened, "half an ans");
      await Promise.all([opened.desk.call.stop(), opened.other.call.stop()]);
      await opened.other.call.stop();
      assert.equal(await text, "half an ans");
      await expectCancels(context, opened, { stops: 3, cancels: 1 });
    },
  },
  {
    name: "a cancel whose link is cut right after it was sent reaches the producer once, also asked for again (P3, P5)",
    async run(context) {
      const opened = await openDesk(context);
      const { app, desk, other } = opened;
      const { text } = await produce(opened, "half an ans");
      const stopped = desk.call.stop(undefined, { key: "stop-7" });
      await new Promise((resolve) => setTimeout(resolve)); // it is on the wire
      app.reconnect();
      app.reconnect();
      await stopped;
      await other.call.stop(undefined, { key: "stop-7" });
      assert.equal(await text, "half an ans");
      await expectCancels(context, opened, { stops: 1, cancels: 1 });
    },
  },
  {
    name: "links that are lost, of readers and of who had it produced, cancel no stream (P3, P5)",
    async run(context) {
      const opened = await openDesk(context);
      const { server, app, other } = opened;
      const { text } = await produce(opened, "half ");
      const leaving = context.appClient(server);
      const reader = deskOf(leaving).stream("answer");
      for await (const chunk of reader) if (chunk === "half ") break;
      await leaving.close();
      app.reconnect();
      await other.call.append("an ");
      await app.close();
      await other.call.append("answer");
      await other.call.finish();
      assert.equal(await text, "half an answer");
      await expectCancels(context, opened, { stops: 0, cancels: 0 });
    },
  },
];

/** The first client has a stream produced, the second one reads it. */
async function produce({ desk, other }: OpenDesk, begin: string): Promise<{ readonly text: Promise<string> }> {
  await desk.call.produce(begin);
  return { text: other.stream("answer").text() };
}

/** How often the application was asked to stop, and its producer was told; the stream has one end in any case. */
async function expectCancels(
  context: CaseContext,
  { server, other }: OpenDesk,
  { stops, cancels }: { readonly stops: number; readonly cancels: number },
): Promise<void> {
  const told = await toldBefore(other, "the end");
  const count = (text: string): number => told.filter(({ event, data }) => `${event} ${data}` === text).length;
  assert.deepEqual([count("started stop"), count("cancelled 1")], [stops, cancels]);
  const log = collect(context.client(server).channel(`@stream/${other.name}/answer`, { from: "start" }));
  await log.live();
  const ends = log.metas.filter(({ event }) => event !== "piece");
  assert.deepEqual(
    ends.map(({ event }) => event),
    ["end"],
  );
}
