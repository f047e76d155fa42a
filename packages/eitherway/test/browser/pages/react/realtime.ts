/** What the page has of Eitherway, in a module of its own as docs/react.md has it. The server that renders the page imports it too. */
import { z } from "zod";
import { createClient } from "../../../../src/client/index.ts";
import { channel, contract, latest, text } from "../../../../src/contract/index.ts";
import { createHooks } from "../../../../src/react/index.ts";

/** More than a test publishes: all that there was is in the list. */
export const MOST_MESSAGES = 10_000;

export const app = contract({
  room: channel("room/:id", {
    events: { message: z.number() },
    presence: z.object({ name: z.string() }),
    streams: { minutes: text() },
    history: { max: MOST_MESSAGES },
  }),
  prices: channel("prices/:book", {
    events: { tick: latest(z.object({ symbol: z.string(), price: z.number() }), { key: ({ symbol }) => symbol }) },
  }),
});

export const ROOM = { id: "42" };
export const BOOK = { book: "eu" };

/** On a server nothing is ever sent; Node 20, which has no WebSocket of its own, could not. */
const options =
  typeof location === "undefined"
    ? { url: "http://127.0.0.1/eitherway" }
    : { url: "/eitherway", transport: "websocket" as const };
export const client = createClient(app, options);
export const { useEvents, useLatest, usePresence, useStream } = createHooks(client);
