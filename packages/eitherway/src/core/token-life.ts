/** The end of a link's token: told some time before, so that the client can bring a new one and nothing is interrupted (P9). */
import type { Clock } from "./ports.ts";
import type { TimerWheel, WheelTask } from "./timer-wheel.ts";

export interface TokenLife {
  /** Milliseconds since 1970 at which it ends; `undefined`: never. */
  set(expiresAt: number | undefined): void;
  stop(): void;
}

export interface TokenLifeOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** It ends in so many milliseconds. Once for each token. */
  warn(left: number): void;
  expired(): void;
}

/** Enough for a client to ask its application for a new token over a slow network. */
const WARNING_MS = 30_000;

/** The wall clock may be set while we wait: a deadline that is far away is looked at again. */
const LOOK_AGAIN_MS = 60_000;

export function createTokenLife({ clock, wheel, warn, expired }: TokenLifeOptions): TokenLife {
  let ends: number | undefined;
  let warned = false;
  const task: WheelTask = { fire: look };

  function look(): void {
    if (ends === undefined) return;
    const left = ends - clock.wall();
    if (left <= 0) {
      expired();
      return;
    }
    if (!warned && left <= WARNING_MS) {
      warned = true;
      warn(Math.floor(left));
    }
    wheel.schedule(task, Math.min(warned ? left : left - WARNING_MS, LOOK_AGAIN_MS));
  }

  return {
    set(expiresAt) {
      // Who was warned and brings the same token again has no other.
      if (expiresAt !== ends) warned = false;
      ends = expiresAt;
      wheel.cancel(task);
      look();
    },
    stop() {
      ends = undefined;
      wheel.cancel(task);
    },
  };
}
