/** Tells the watchers of a log what was appended to it: all of them, and all in one order. */
import type { Batch } from "./broker.ts";
import type { Logger, Metrics, Undo } from "./ports.ts";

export interface Watched {
  readonly name: string;
  /** Never changed, only replaced: a batch under way goes on over the array it began with. */
  watchers: readonly Watcher[];
}

export interface Watcher {
  readonly sink: (batch: Batch) => void;
  active: boolean;
}

/** @param left called when the undo has taken the watcher away: it then hears of nothing more, not even of a batch under way */
export function addWatcher(log: Watched, sink: Watcher["sink"], left: () => void): Undo {
  const watcher: Watcher = { sink, active: true };
  log.watchers = log.watchers.concat(watcher); // a spread would leave room for 17
  return () => {
    if (!watcher.active) return;
    watcher.active = false;
    log.watchers = log.watchers.filter((other) => other !== watcher);
    left();
  };
}

/** What is watched is gone. */
export function dismissWatchers(logs: Iterable<Watched>): void {
  for (const { watchers } of logs) for (const watcher of watchers) watcher.active = false;
}

export interface SpreadOptions {
  readonly metrics: Metrics | undefined;
  readonly logger: Logger | undefined;
}

export function createSpread({ metrics, logger }: SpreadOptions): (log: Watched, batch: Batch) => void {
  /** More than one only where a sink publishes. */
  const announcements: { readonly log: Watched; readonly batch: Batch }[] = [];
  let announcing = false;

  function tell({ name, watchers }: Watched, batch: Batch): void {
    for (const watcher of watchers) {
      if (!watcher.active) continue;
      try {
        watcher.sink(batch);
      } catch (cause) {
        // The append is done, and the other watchers must hear of it (P7).
        metrics?.count("watchers.failed");
        logger?.error("watcher failed", { channel: name, cause: String(cause) });
      }
    }
  }

  return (log, batch) => {
    announcements.push({ log, batch });
    if (announcing) return; // a sink publishes: the others hear of this after what is being told, so all in one order (P1)
    announcing = true;
    for (let next = announcements.shift(); next; next = announcements.shift()) tell(next.log, next.batch);
    announcing = false;
  };
}
