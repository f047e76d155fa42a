/** Tells when something of an inbox has expired: one timer, for the next moment at which that happens. */
import type { Clock } from "./clock.ts";
import { type Inbox, nextExpiry } from "./inbox.ts";

export interface ExpiryTimer {
  /** The inbox is another one now. */
  watch(inbox: Inbox): void;
  stop(): void;
}

/** @param expired called at each expiry; what is shown and counted at that time is without it */
export function createExpiryTimer(clock: Clock, expired: () => void): ExpiryTimer {
  let stop: (() => void) | undefined;

  function watch(inbox: Inbox): void {
    stop?.();
    const now = clock.wall();
    const next = nextExpiry(inbox, now);
    stop =
      next === undefined
        ? undefined
        : clock.after(next - now, () => {
            watch(inbox); // a timer may be early, or its wait longer than a timer can be
            expired();
          });
  }

  return { watch, stop: () => stop?.() };
}
