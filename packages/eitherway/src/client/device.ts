/** Looks after the links of a connection when the device tells of itself, by whatever `Wakeups` there are. */
import { type Attend, LATE_MS } from "./connection.ts";
import { type Moment, momentOf, msSince } from "./moment.ts";
import type { ClientClock, Undo, Wakeups } from "./ports.ts";
import { CONNECT_MS } from "./transport.ts";

/** Waking up in a storm of events is one waking up. */
const WAKE_EVERY_MS = 1_000;

export function attendDevice(wakeups: Wakeups, clock: ClientClock): Attend {
  return (connection) => {
    let lastWoken: Moment | undefined;
    /** Ends the wait of a waking that came too soon after another one. */
    let wakeLater: Undo | undefined;
    const stop = wakeups({ woken, asleep });

    function woken(): void {
      const rest = lastWoken && connection.state.name !== "asleep" ? WAKE_EVERY_MS - msSince(lastWoken, clock) : 0;
      if (rest > 0) {
        wakeLater?.();
        wakeLater = clock.after(Math.ceil(rest), woken); // what woke the device first may have failed: the network comes after the light
        return;
      }
      lastWoken = momentOf(clock);
      connection.dispatch({ type: "woken", stale: isStale() });
    }

    function asleep(): void {
      wakeLater?.();
      connection.dispatch({ type: "asleep" });
    }

    /** A link that lives would have been heard of, or be open, by now. */
    function isStale(): boolean {
      const { current, links } = connection;
      if (current?.welcome) {
        return msSince(current.heard, clock) > current.transport.idleMs(current.welcome.ping) + LATE_MS;
      }
      return [...links.values()].some(({ heard }) => msSince(heard, clock) > CONNECT_MS);
    }

    return () => {
      stop();
      wakeLater?.();
    };
  };
}
