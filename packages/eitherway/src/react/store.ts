/** A value that components watch. Changes are gathered, so that a burst of messages renders once and not once for each. */
import type { ClientClock, Undo } from "../client/ports.ts";

/** Time, as stores need it. */
export interface StoreClock extends Pick<ClientClock, "after"> {
  /** Runs in the frame behind the one that shows what is told now. Where there are no frames: once one would have been over. */
  nextFrame?(run: () => void): void;
}

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

/** Longer than a frame of a screen with 60 of them a second. */
const FRAME_MS = 17;

/**
 * The first change shows at the end of its turn; those behind it together, one frame later, with those of other cells: more than one
 * render a frame nobody sees.
 */
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
  const nextFrame = clock.nextFrame ?? ((run) => void clock.after(FRAME_MS, run));
  let scheduled = new Set<() => void>();
  let pace: "rests" | "tells" | "waits" = "rests";

  function beat(): void {
    pace = "waits";
    nextFrame(() => {
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
