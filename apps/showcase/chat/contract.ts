/** The channels of the chat, for both ends. */
import { channel, contract, volatile } from "eitherway/contract";
import * as v from "valibot";

export const chat = contract({
  room: channel("room/:id", {
    events: {
      message: v.object({ text: v.pipe(v.string(), v.minLength(1), v.maxLength(4_000)) }),
      typing: volatile(v.object({})),
    },
  }),
});
