/** What the client has to do under React Native: the cases of browsers, but for the framing that needs a TextDecoder, and its own. */
import assert from "node:assert/strict";
import { collect } from "../../../src/testing/collected.ts";
import { DIALECTS, type Dialect } from "../../../src/testing/dialects.ts";
import { BROWSER_CASES, type BrowserCase } from "./cases.ts";

const SSE = DIALECTS.find(({ name }) => name === "sse") as Dialect;

const MESSAGES = 60;
const MESSAGE_LENGTH = 60_000; // below limits.messageBytes
/** Of these, far less than a log keeps. */
const AHEAD = 5;
/** What goes by before a stream is given up, and what is on its way then. */
const MOST_STREAMS = 1 + (MESSAGES * MESSAGE_LENGTH) / (1024 * 1024);

const OWN_CASES: readonly BrowserCase[] = [
  {
    title: "sse: the page is as React Native is: fetch gives no stream, and nothing decodes bytes or makes random ones",
    dialect: SSE,
    async run() {
      assert.equal(new Response("text").body, undefined);
      const names = ["ReadableStream", "TextDecoder", "crypto", "localStorage"];
      assert.deepEqual(
        names.filter((name) => name in globalThis),
        [],
      );
    },
  },
  {
    title: "sse: a stream gives way to a fresh one before its text weighs, and nothing is lost or doubled (P2, P6)",
    dialect: SSE,
    async run({ start, client }) {
      performance.clearResourceTimings();
      const server = await start();
      const reader = client(server);
      const heard = collect(reader.channel("a"));
      await heard.live();
      for (let n = 0; n < MESSAGES; n++) {
        await server.publish("a", `${n} ${"x".repeat(MESSAGE_LENGTH)}`);
        if (n % AHEAD === 0) await heard.messages(n + 1); // or the log would not have all that a slow page has yet to get
      }
      const texts = (await heard.messages(MESSAGES)) as string[];
      assert.deepEqual(
        texts.map((text) => Number.parseInt(text, 10)),
        [...new Array(MESSAGES).keys()],
      );
      assert.deepEqual([reader.status.links, reader.status.holes, heard.gaps.length], [1, 0, 0]);
      const streams = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/stream"));
      assert(streams.length > 1, "it was one stream");
      assert(streams.length <= MOST_STREAMS, `it were ${streams.length} streams`);
    },
  },
];

export const NATIVE_CASES: readonly BrowserCase[] = [
  ...BROWSER_CASES.filter(({ title }) => !title.includes("binary")),
  ...OWN_CASES,
];
