/**
 * The stores of one client, one for equal arguments however many components use it. A store begins with its first watcher and ends
 * a moment after the last one left: Strict Mode, Fast Refresh and a change of route take a component away and bring it back,
 * and it shall find what it had.
 */
import type { Undo } from "../client/ports.ts";
import type { Store, StoreClock } from "./store.ts";

/** A store by its arguments: rendering only reads it, and only watching begins it. */
export interface Source<View> {
  watch(changed: () => void): Undo;
  /** The view of the store, or `initial` where nobody watches it. */
  read(): View;
  /** What a server renders, and a browser at first: the two have to be equal. */
  readonly initial: View;
}

export interface SharedStores {
  /** @param key tells these arguments from all others */
  source<View>(key: string, initial: View, open: () => Store<View>): Source<View>;
}

/** How long a store outlives its last watcher: long enough for the next route to be loaded. */
const LINGER_MS = 1_000;

interface Shared {
  readonly store: Store<unknown>;
  watchers: number;
  /** Ends the wait after the last watcher. */
  lingering?: Undo | undefined;
}

export function createSharedStores(clock: StoreClock): SharedStores {
  const stores = new Map<string, Shared>();

  function acquire(key: string, open: () => Store<unknown>): Shared {
    const known = stores.get(key);
    const shared = known ?? { store: open(), watchers: 0 };
    if (!known) stores.set(key, shared);
    shared.watchers++;
    shared.lingering?.();
    shared.lingering = undefined;
    return shared;
  }

  function release(key: string, shared: Shared): void {
    if (--shared.watchers > 0) return;
    shared.lingering = clock.after(LINGER_MS, () => {
      stores.delete(key);
      shared.store.close();
    });
  }

  return {
    source: <View>(key: string, initial: View, open: () => Store<View>): Source<View> => ({
      watch(changed) {
        const shared = acquire(key, open);
        const undo = shared.store.watch(changed);
        return () => {
          undo();
          release(key, shared);
        };
      },
      read: () => (stores.get(key)?.store.read() ?? initial) as View, // the key tells its type
      initial,
    }),
  };
}
