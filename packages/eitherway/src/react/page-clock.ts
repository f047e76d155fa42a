/** Time on a page: stores render in the rhythm of its frames, which no timer can keep to. */
import { corePlatform } from "../client/core-platform.ts";
import type { StoreClock } from "./store.ts";

const { clock } = corePlatform;

/** A page that nobody sees has no frames. */
const NO_FRAME_MS = 250;

let isInFrame = false;

export const pageClock: StoreClock = {
  after: clock.after,
  ...(typeof requestAnimationFrame === "function" && {
    nextFrame(run) {
      // What is told between two frames is painted by the next one, what is told within one by itself.
      if (isInFrame) atFrame(run);
      else atFrame((isPainted) => (isPainted ? atFrame(run) : run()));
    },
  }),
};

/** @param run gets `false` where no frame came */
function atFrame(run: (isPainted: boolean) => void): void {
  const giveUp = clock.after(NO_FRAME_MS, () => {
    cancelAnimationFrame(frame);
    run(false);
  });
  const frame = requestAnimationFrame(() => {
    giveUp();
    isInFrame = true;
    try {
      run(true);
    } finally {
      isInFrame = false;
    }
  });
}
