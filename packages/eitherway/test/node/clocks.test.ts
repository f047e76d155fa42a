/** The clocks of the hosts. */
import { expect, onTestFinished, test } from "vitest";
import { createHostClock } from "../../src/fetch/host-clock.ts";
import { createNodeClock } from "../../src/node/index.ts";

test.each([
  ["Node", createNodeClock],
  ["any host", createHostClock],
])(
  "what is years away on the clock of %s is not due at once, as timers have it that count 32 bits (P12)",
  async (_host, create) => {
    const clock = create();
    const due: string[] = [];
    const undo = clock.after(Number.MAX_SAFE_INTEGER, () => due.push("in years"));
    onTestFinished(undo);
    await new Promise<void>((resolve) => void clock.after(1, resolve)); // timers of one length fire in order
    expect(due).toEqual([]);
  },
);
