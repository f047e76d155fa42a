/** What every transport does with what is announced, seen without the client. */
import assert from "node:assert/strict";
import { messageAnnounce, messagePublish } from "./awkward-payloads.ts";
import type { SuiteServer, TransportCase } from "./transport-case.ts";

export const ANNOUNCE_WIRE_CASES: readonly TransportCase[] = [
  {
    name: "an announcement is told to who is live, without an id, and nobody answers it",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      const { id } = await reader.next("live");
      await someLive(server);
      link(server, {}).publish(messageAnnounce("a", "now or never", "typing"));
      const { epoch, messages } = await reader.next("messages");
      assert.deepEqual([epoch, messages[0]?.event, messages[0]?.data], [undefined, "typing", "now or never"]);
      const late = link(server, { channels: { a: "start" } });
      assert.equal((await late.next("live")).id, id);
      await server.publish("a", "kept");
      for (const each of [late, reader]) assert.equal((await each.next("messages")).messages[0]?.data, "kept");
    },
  },
  {
    name: "announcements of one client come in the order sent (P1)",
    async run({ start, link }) {
      const server = await start();
      const reader = link(server, { channels: { a: "now" } });
      await reader.next("live");
      await someLive(server);
      const texts = Array.from({ length: 20 }, (_, n) => `${n}`);
      link(server, {}).publish(...texts.map((text) => messageAnnounce("a", text)));
      const heard: unknown[] = [];
      while (heard.length < texts.length)
        heard.push(...(await reader.next("messages")).messages.map(({ data }) => data));
      assert.deepEqual(heard, texts);
    },
  },
  {
    name: "an announcement over the limit is too-large, and what follows goes through (P6, P12)",
    async run({ start, link }) {
      const server = await start({ limits: { messageBytes: 100 } });
      const writer = link(server, {});
      writer.publish(messageAnnounce("a", "x".repeat(101)), messagePublish("raw.1", "a", "x"));
      const error = await writer.next("error");
      assert.deepEqual([error.code, error.key, error.channel], ["too-large", undefined, undefined]);
      assert.equal((await writer.next("ok")).key, "raw.1");
    },
  },
];

const TURN_MS = 5;

/** A poll is between two requests at times. */
async function someLive(server: SuiteServer): Promise<void> {
  while (server.stats().subscriptions.live === 0) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
