/** One direction of a connection: what is sent arrives in order, after a latency, unless something holds it back or it is lost. */
import type { Clock, Undo } from "../../core/index.ts";

export interface Lane {
  /** Nothing arrives here any more. */
  readonly dead: boolean;
  send(bytes: number, arrive: () => void): void;
  /** The last of all: what waits for more bytes comes before it. */
  end(arrive: () => void): void;
  /** What was held back is on its way, unless all is held. */
  release(): void;
  /** What is on its way is lost, and what is sent from now on. */
  die(): void;
  /** The end, now. What is on its way is lost; `inside`: but for its first half, so that the end comes in the middle. */
  reset(arrive: () => void, inside?: boolean): void;
}

export interface LaneOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  latencyMs(): number;
  /** Whether everything waits. */
  holds(): boolean;
  /** Bytes that pass before the rest is held back. */
  holdsAfter(): number;
  /** Something is on its way. */
  moves(): void;
}

export function createLane({ clock, latencyMs, holds, holdsAfter, moves }: LaneOptions): Lane {
  const flying = new Map<() => void, Undo>();
  let held: (() => void)[] = [];
  let passed = 0;
  let lastArrival = 0;
  let dead = false;

  function fly(arrive: () => void): void {
    moves();
    lastArrival = Math.max(lastArrival, clock.now() + latencyMs());
    const land = (): void => {
      flying.delete(land);
      arrive();
    };
    flying.set(land, clock.after(lastArrival - clock.now(), land));
  }

  function release(): void {
    if (holds()) return;
    for (const arrive of held.splice(0)) fly(arrive);
  }

  function die(): void {
    dead = true;
    for (const undo of flying.values()) undo();
    flying.clear();
    held = [];
  }

  return {
    get dead() {
      return dead;
    },
    send(bytes, arrive) {
      if (dead) return;
      passed += bytes;
      if (held.length > 0 || holds() || passed > holdsAfter()) held.push(arrive);
      else fly(arrive);
    },
    end(arrive) {
      if (dead) return;
      release();
      if (holds()) held.push(arrive);
      else fly(arrive);
    },
    release,
    die,
    reset(arrive, inside = false) {
      const kept = inside ? [...flying.keys()].slice(0, Math.ceil(flying.size / 2)) : [];
      die();
      for (const land of kept) land();
      clock.after(0, arrive);
    },
  };
}
