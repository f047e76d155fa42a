/** Listeners of one event. What one of them throws is reported and holds neither the others nor the caller. */
import { EitherwayError, quote } from "../protocol/index.ts";
import type { Undo } from "./ports.ts";

export interface Emitter<Args extends readonly unknown[]> {
  readonly size: number;
  /** The same function may be added twice; each has its own undo. */
  add(listener: (...args: Args) => void | Promise<void>): Undo;
  emit(...args: Args): void;
}

interface Entry<Args extends readonly unknown[]> {
  readonly call: (...args: Args) => void | Promise<void>;
  removed: boolean;
}

export function createEmitter<Args extends readonly unknown[]>(report: (thrown: unknown) => void): Emitter<Args> {
  // Replaced on every change, so that a listener may add and remove others while one event goes round.
  let listeners: readonly Entry<Args>[] = [];
  return {
    get size() {
      return listeners.length;
    },
    add(call) {
      const listener: Entry<Args> = { call, removed: false };
      listeners = [...listeners, listener];
      return () => {
        listener.removed = true;
        listeners = listeners.filter((other) => other !== listener);
      };
    },
    emit(...args) {
      for (const listener of listeners) {
        if (listener.removed) continue;
        try {
          const result = listener.call(...args);
          if (result instanceof Promise) result.catch(report);
        } catch (thrown) {
          report(thrown);
        }
      }
    },
  };
}

export type Listener = (...args: never[]) => void | Promise<void>;

/**
 * Adds a listener to one of these emitters, by name. Which listener fits which is said by the types of those who call.
 *
 * @throws EitherwayError `bad-event` for any other name
 */
export function listenTo(events: Readonly<Record<string, unknown>>, name: string, listener: Listener): Undo {
  if (Object.hasOwn(events, name)) return (events[name] as Emitter<never[]>).add(listener);
  throw new EitherwayError("bad-event", `${quote(String(name))} is none of ${Object.keys(events).join(", ")}.`);
}
