/** The database of a store: its tables, and how a transaction is written. */
import { type Database, open, type RootDatabase } from "lmdb";
import type { Fsync } from "./fsync.ts";
import type { Key, Tables, Writes } from "./tables.ts";

export interface OpenDatabase {
  readonly tables: Tables;
  /** All that `gather` puts and removes becomes true at once, or nothing of it. Rejects where there is no room, or the disk fails. */
  commit(gather: (writes: Writes) => void): Promise<void>;
  /** The same at once: it is on the disk when this returns. For what comes before anything else. */
  commitNow(gather: (writes: Writes) => void): void;
  /** The processes that have it open, this one as well, once for each of its threads. */
  readers(): readonly number[];
  close(): Promise<void>;
}

/**
 * `always`: a commit ends when it is on the disk, and nobody sees it before. `interval`: it ends when the system has it, and is brought
 * to the disk meanwhile; a power cut takes back the newest ones and leaves the rest whole. `never`: the system writes when it likes.
 */
const SYNC_OPTIONS = {
  always: { overlappingSync: false },
  interval: { overlappingSync: true },
  never: { noSync: true },
} as const;

export interface DatabaseOptions {
  readonly fsync: Fsync;
  /**
   * The machine went down while the database was open as `interval`. Opened in the same way it goes back to what was whole on the disk,
   * which any other way would not know of.
   */
  readonly afterPowerCut: boolean;
}

/** What hangs in the library after a commit has failed is given up after this long. */
const CLOSE_MS = 5_000;

/** @throws Error of the library where the files cannot be opened */
export function openDatabase(path: string, { fsync, afterPowerCut }: DatabaseOptions): OpenDatabase {
  const root = open<unknown, string>({
    path,
    ...SYNC_OPTIONS[afterPowerCut ? "interval" : fsync],
    noSubdir: false,
    // Each commit is one explicit batch. The library's own gathering of a turn leaves a rejection that nobody can catch.
    eventTurnBatching: false,
  });
  const tables: Tables = {
    records: table(root, "records", "json"),
    entries: table(root, "entries", "binary"),
    newest: table(root, "newest", "json"),
    memories: table(root, "memories", "json"),
    receipts: table(root, "receipts", "json"),
    marks: table(root, "marks", "json"),
  };
  return {
    tables,
    async commit(gather) {
      const write = gathered(gather);
      if (!write) return;
      try {
        await root.batch(write);
        if (afterPowerCut && fsync === "always") await root.flushed;
      } catch (thrown) {
        throw await causeOfFailure(thrown);
      }
    },
    commitNow(gather) {
      const write = gathered(gather);
      if (write) root.transactionSync(write);
    },
    readers() {
      tables.marks.get(""); // takes the place of this thread in the list, where it has none yet
      return [...root.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid));
    },
    async close() {
      await Promise.race([root.close(), pause(CLOSE_MS)]);
    },
  };
}

/** What writes it all; `undefined` where there is nothing. */
function gathered(gather: (writes: Writes) => void): (() => void) | undefined {
  const steps: (() => unknown)[] = [];
  gather({
    put: (to, key, value) => steps.push(() => to.put(key, value)),
    remove: (from, key) => steps.push(() => from.remove(key)),
  });
  if (steps.length === 0) return undefined;
  return () => {
    for (const step of steps) step();
  };
}

function table<V, K extends Key>(
  root: RootDatabase<unknown, string>,
  name: string,
  encoding: "json" | "binary",
): Database<V, K> {
  return root.openDB<V, K>(name, { encoding });
}

/** The library rejects with a sentence of its own, and says elsewhere what the system said. */
async function causeOfFailure(thrown: unknown): Promise<unknown> {
  const { commitError } = thrown as { commitError?: Promise<unknown> };
  if (!commitError) return thrown;
  return commitError.then(
    () => thrown,
    (cause: unknown) => cause,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
