/** Those who wait for a place are called as places come free: as many as fit, in the order in which they came. */
import type { ClientClock, Undo } from "./ports.ts";

export interface WaitingRoom {
  /** Resolves when there is a place; at once if there is one and nobody waits for it. */
  wait(): Promise<void>;
  /** A place came free. */
  call(): void;
  /** Somebody took a place. */
  taken(): void;
  close(error: Error): void;
}

/** Whoever was called has had its turn by then. */
const TURN_MS = 1;

/** @param places how many are free now */
export function createWaitingRoom(clock: ClientClock, places: () => number): WaitingRoom {
  let waiting: { enter(): void; turnAway(error: Error): void }[] = [];
  /** Called in this turn, and took no place yet. */
  let called = 0;
  let nextTurn: Undo | undefined;

  function call(): void {
    for (const { enter } of waiting.splice(0, Math.max(0, places() - called))) {
      admit();
      enter();
    }
  }

  function admit(): void {
    called++;
    // Whoever was called may have changed its mind, and none of the others must wait for ever.
    nextTurn ??= clock.after(TURN_MS, () => {
      nextTurn = undefined;
      called = 0;
      call();
    });
  }

  return {
    async wait() {
      if (places() > called) {
        admit();
        return;
      }
      await new Promise<void>((enter, turnAway) => {
        waiting.push({ enter, turnAway });
      });
    },
    call,
    taken() {
      if (called > 0) called--;
    },
    close(error) {
      nextTurn?.();
      for (const { turnAway } of waiting.splice(0)) turnAway(error);
      waiting = [];
    },
  };
}
