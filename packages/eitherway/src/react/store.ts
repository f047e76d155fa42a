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

/** Longer than a frame of a screen with 60 of them a second, so that none has two renders: more than one nobody sees. */
const FRAME_MS = 17;

/** The first change shows at the end of its turn; those behind it together, one frame later, with those of other cells. */
export function createCell<View>(clock: StoreClock, compute: () => View): Cell<View> {
  const watchers = new Set<() => void>();
  const schedule = rhythmOf(clock);
  let view = compute();

  function tell(): void {
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
    touch: () => schedule(tell),
  };
}

/** Runs at the next beat, however often it is scheduled until then. */
type Rhythm = (tell: () => void) => void;

/** All cells of a page have one rhythm: with one each, several stores would render several times a frame. */
const rhythms = new WeakMap<StoreClock, Rhythm>();

function rhythmOf(clock: StoreClock): Rhythm {
  const rhythm = rhythms.get(clock) ?? createRhythm(clock);
  rhythms.set(clock, rhythm);
  return rhythm;
}

function createRhythm(clock: StoreClock): Rhythm {
  let scheduled = new Set<() => void>();
  let pace: "rests" | "tells" | "waits" = "rests";

  function beat(): void {
    pace = "waits";
    clock.after(FRAME_MS, () => {
      pace = "rests";
      if (scheduled.size > 0) beat();
    });
    const due = scheduled;
    scheduled = new Set();
    for (const tell of due) tell();
  }

  return (tell) => {
    scheduled.add(tell);
    if (pace !== "rests") return;
    pace = "tells";
    queueMicrotask(beat);
  };
}
