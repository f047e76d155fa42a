/**
 * The application that cases of calls and of streams speak with. A case plays it by calls, and sees what it did by what it publishes: so
 * it may run in any process, behind any host.
 */
import { channel, contract, type StandardSchema, text } from "../contract/index.ts";

const TEXT: StandardSchema<string> = {
  "~standard": {
    version: 1,
    vendor: "eitherway",
    validate: (value) => (typeof value === "string" ? { value } : { issues: [{ message: "expected text" }] }),
  },
};

export const SUITE_APP = contract({
  desk: channel("desk/:id", {
    events: {
      /** A handler was started: its name and input, `hold a`. */
      started: TEXT,
      /** The producer was told to stop. */
      cancelled: TEXT,
    },
    calls: {
      /** Answers with its input. */
      echo: { in: TEXT, out: TEXT },
      /** Answers with its input once that is released. */
      hold: { in: TEXT, out: TEXT },
      release: { in: TEXT },
      /** Fails, and hands the input back. */
      refuse: { in: TEXT, errors: { refused: TEXT } },
      /** Has no handler. */
      neglected: {},
      /** Begins to produce `answer`, with this. What is produced ends when it is cancelled. */
      produce: { in: TEXT },
      append: { in: TEXT },
      finish: {},
      /** Cancels what is produced. */
      stop: {},
    },
    streams: { answer: text() },
  }),
});
