/** Puts a page to sleep that nobody sees, as the browser does with one that it freezes: for clients that only show something. */
import type { ClientClock, Undo, Wakeups } from "./ports.ts";

/** What connects while the page sleeps, by `reconnect()` or after a pause that the server asked for, stays for so long at most. */
const AGAIN_MS = 60_000;

/** @param afterMs a page that is hidden for less stays awake. Where there is no document, nothing changes */
export function sleepHidden(wakeups: Wakeups, afterMs: number, clock: ClientClock): Wakeups {
  if (typeof document !== "object") return wakeups;
  return ({ woken, asleep }) => {
    let sleeps = false;
    let stopWaiting: Undo | undefined;

    /** That a page is visible again wakes it by itself. */
    function look(): void {
      stopWaiting?.();
      sleeps = false;
      if (document.visibilityState === "hidden") stopWaiting = clock.after(afterMs, fallAsleep);
    }

    function fallAsleep(): void {
      sleeps = true;
      asleep();
      stopWaiting = clock.after(AGAIN_MS, fallAsleep);
    }

    const stop = wakeups({
      asleep,
      woken() {
        if (!sleeps || document.visibilityState !== "hidden") woken(); // that the network is back is no reason to get up
      },
    });
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      stop();
      stopWaiting?.();
      document.removeEventListener("visibilitychange", look);
    };
  };
}
