/** A value that components watch. Changes are gathered, so that a burst of messages renders once and not once for each. */
import type { ClientClock, Undo } from "../client/ports.ts";

/** Time, as stores need it. */
export type StoreClock = Pick<ClientClock, "after">;

export interface Store<View> {
  /** The same object until watchers are called. */
  read(): View;
  watch(changed: () => void): Undo;
  /** Ends what the store listens to. */
  close(): void;
}

export interface Cell<View> extends Pick<Store<View>, "read" | "watch"> {
  /** What `compute` gives has changed. */
  touch(): void;
}

/** Of a screen with 60 of them a second: more renders than that nobody sees. */
const FRAME_MS = 16;

/** The first change shows at the end of its turn; those behind it together, one frame later. */
export function createCell<View>(clock: StoreClock, compute: () => View): Cell<View> {
  const watchers = new Set<() => void>();
  let view = compute();
  let pace: "rests" | "tells" | "waits" | "waits and is touched" = "rests";

  function tell(): void {
    pace = "waits";
    clock.after(FRAME_MS, () => {
      const again = pace === "waits and is touched";
      pace = "rests";
      if (again) tell();
    });
    view = compute();
    for (const changed of [...watchers]) changed();
  }

  return {
    read: () => view,
    watch(changed) {
      const own = (): void => changed();
      watchers.add(own);
      return () => void watchers.delete(own);
    },
    touch() {
      if (pace === "waits") pace = "waits and is touched";
      if (pace !== "rests") return;
      pace = "tells";
      queueMicrotask(tell);
    },
  };
}
