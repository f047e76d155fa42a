/** The application of tabs that share. */
import { channel, contract } from "eitherway/contract";
import { z } from "zod";

export const tabsApp = contract({
  room: channel("room", {
    events: { message: z.number() },
    /** Answered when the test says so. */
    calls: { hold: { in: z.string(), out: z.string() } },
    presence: z.object({ name: z.string() }),
  }),
});
