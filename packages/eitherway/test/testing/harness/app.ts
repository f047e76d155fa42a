/** A chat as applications write it, with all that a contract has. */
import { z } from "zod";
import { channel, contract, text, volatile } from "../../../src/contract/index.ts";

const said = z.object({ text: z.string() });

export const app = contract({
  room: channel("room/:id", {
    events: { said, typing: volatile(z.object({ who: z.string() })) },
    calls: {
      say: { in: said, out: z.object({ id: z.string() }) },
      think: { in: z.string(), out: z.string() },
    },
    presence: z.object({ name: z.string() }),
    streams: { answer: text() },
  }),
});

export const ROOM = { id: "42" };

/** `{ text: "1" }` to `{ text: "<count>" }`. */
export const texts = (count: number): { text: string }[] =>
  Array.from({ length: count }, (_, i) => ({ text: `${i + 1}` }));
