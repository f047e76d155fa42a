/** A contract as applications write it, with a schema of each library. */
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { bytes, channel, contract, latest, text, volatile } from "../../src/contract/index.ts";

const tick = z.object({ symbol: z.string(), price: z.number() });

/** Some values take longer than others to look at. */
const waitingSchema = z.object({ i: z.number(), value: z.string() }).refine(async ({ value }) => {
  if (value === "slow") for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  return value !== "no";
});

export const app = contract({
  room: channel("room/:id", {
    events: {
      message: z.object({ text: z.string().max(20) }),
      typing: volatile(z.object({ who: z.string() })),
      /** Another type goes in than comes out. */
      dated: z.object({ day: z.string().transform((day) => day.length) }),
      /** What comes out is written as JSON. */
      timed: z.object({ at: z.iso.datetime().transform((at) => new Date(at)), notes: z.array(z.string()).default([]) }),
    },
    calls: {
      send: {
        in: z.object({ text: z.string() }),
        out: z.object({ id: z.string() }),
        errors: { full: z.object({ seats: z.number() }) },
      },
      stop: {},
    },
    presence: z.object({ name: z.string() }),
    history: { max: 3, age: "7d" },
  }),
  prices: channel("prices/:book/:side", {
    events: { tick: latest(tick, { key: ({ symbol }) => symbol, every: "100ms" }) },
  }),
  news: channel("news", { events: { item: v.object({ title: v.pipe(v.string(), v.minLength(1)) }) } }),
  checked: channel("checked/:id", { events: { it: waitingSchema } }),
  job: channel("job/:id", {
    events: { done: type({ ok: "boolean" }) },
    calls: { stop: {} },
    streams: { answer: text(), file: bytes() },
  }),
});
