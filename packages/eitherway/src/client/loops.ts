/** The `for await` loops of one channel: one that has enough pauses the channel, and the channel's cursor waits for the slowest. */
import { type Cursor, parseId } from "../protocol/index.ts";
import type { Incoming, MessageMeta } from "./client-api.ts";
import { createIteration, type Iteration } from "./iteration.ts";
import type { Undo } from "./ports.ts";

export interface LoopsOptions {
  /** The cursor of the channel, with no regard to loops; `undefined` while it has no subscription. */
  cursor(): Cursor | undefined;
  /** `paused` has changed. */
  changed(): void;
}

export interface Loops {
  /** A loop has enough for now. */
  readonly paused: boolean;
  /** The earliest of a cursor and the places of loops that are behind. */
  behind(cursor: Cursor): Cursor;
  /** Begins a loop over what `listen` brings. */
  begin<T>(listen: (listener: (data: unknown, meta: MessageMeta) => void) => Undo): Iteration<Incoming<T>>;
  /** Ends all of them. */
  finish(error?: Error): void;
}

export function createLoops({ cursor, changed }: LoopsOptions): Loops {
  const loops = new Set<Pick<Iteration<never>, "finish" | "place">>();
  let pauses = 0;

  return {
    get paused() {
      return pauses > 0;
    },
    behind(cursor) {
      let earliest = cursor;
      for (const { place } of loops) {
        if (place === undefined) continue;
        const [one, other] = [parseId(earliest), parseId(place)];
        if (!one || !other || one.epoch !== other.epoch || other.seq < one.seq) earliest = place;
      }
      return earliest;
    },
    begin<T>(listen: (listener: (data: unknown, meta: MessageMeta) => void) => Undo) {
      let paused = false;
      const pause = (on: boolean): void => {
        if (paused === on) return;
        paused = on;
        pauses += on ? 1 : -1;
        changed();
      };
      const iteration = createIteration<Incoming<T>>({
        pause: () => pause(true),
        resume: () => pause(false),
        leave() {
          pause(false);
          undo(); // while what the loop left counts
          loops.delete(iteration);
        },
      });
      loops.add(iteration);
      const undo = listen((data, meta) => iteration.push({ data: data as T, meta }, cursor() ?? meta.id));
      return iteration;
    },
    finish(error) {
      for (const loop of [...loops]) loop.finish(error);
    },
  };
}
