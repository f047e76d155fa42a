/** An outbox disk on IndexedDB and Web Locks: shared by all tabs and workers of an origin. */
import { EitherwayError, type Payload } from "../../protocol/index.ts";
import type { Undo } from "../ports.ts";
import type { OpenedBox, OutboxBatch, OutboxDisk } from "./outbox-disk.ts";
import type { KeptCommand } from "./outbox-store.ts";

const VERSION = 1;
const BOXES = "boxes";
const COMMANDS = "commands";

/** `boxes`, by `id`. */
interface BoxRecord {
  readonly id: string;
  readonly opening: number;
  /** Wall clock, for the order. */
  readonly madeAt: number;
}

/** `commands`, by `[box, counter]`. */
interface CommandRecord {
  readonly box: string;
  readonly counter: number;
  readonly key: string;
  readonly channel: string;
  readonly event: string;
  readonly kind: Payload["kind"];
  /** JSON as text; structured clone keeps bytes as they are. */
  readonly data: string | Uint8Array;
  readonly sentAt: number | undefined;
}

/** @param name of the database; also begins the names of the locks */
export function createIndexedDbDisk(name: string): OutboxDisk {
  const { indexedDB } = globalThis as { indexedDB?: IDBFactory };
  const { locks } = (globalThis.navigator ?? {}) as { locks?: LockManager }; // Node 20 has no navigator
  if (!indexedDB || !locks) {
    throw new EitherwayError(
      "unavailable",
      `An outbox that survives needs ${indexedDB ? "Web Locks" : "IndexedDB"}, which this page does not have; serve it over https, or go without outbox.store.`,
    );
  }
  let opening: Promise<IDBDatabase> | undefined;

  function database(): Promise<IDBDatabase> {
    opening ??= openDatabase(indexedDB as IDBFactory, name, () => {
      opening = undefined;
    });
    return opening;
  }

  /** Runs `work` in a transaction; what it returns is asked for once the transaction is complete. */
  async function inTransaction<T>(kind: TransactionKind, work: (stores: Stores) => () => T): Promise<T> {
    try {
      return await attempt(await database(), kind, work);
    } catch (thrown) {
      // Browsers close databases on their own: memory is short, their own process died, site data was cleared.
      if ((thrown as DOMException).name !== "InvalidStateError") throw asError(thrown);
      opening = undefined;
    }
    try {
      return await attempt(await database(), kind, work);
    } catch (thrown) {
      throw asError(thrown);
    }
  }

  function commandsOf({ commands }: Stores, box: string): IDBRequest<CommandRecord[]> {
    return commands.getAll(IDBKeyRange.bound([box], [box, []])); // arrays sort behind all numbers
  }

  return {
    boxes: () =>
      inTransaction("read", ({ boxes }) => {
        const all: IDBRequest<BoxRecord[]> = boxes.getAll();
        return () => all.result.sort((a, b) => a.madeAt - b.madeAt).map(({ id }) => id);
      }),

    lock: (box, ms) => acquire(locks, `${name}/${box}`, ms),

    open: (box) =>
      inTransaction("strict", (stores) => {
        const record: IDBRequest<BoxRecord | undefined> = stores.boxes.get(box);
        const commands = commandsOf(stores, box);
        let opened: OpenedBox | undefined;
        commands.onsuccess = () => {
          if (!record.result) return;
          if (commands.result.length === 0) {
            stores.boxes.delete(box);
            return;
          }
          const next = { ...record.result, opening: record.result.opening + 1 };
          stores.boxes.put(next);
          opened = { opening: next.opening, commands: commands.result.map(toCommand) };
        };
        return () => opened;
      }),

    write: (box, batch) => inTransaction(kindOf(batch), (stores) => writeBatch(stores, box, batch)),

    close() {
      opening?.then(
        (db) => db.close(),
        () => {}, // was told to whoever opened it
      );
      opening = undefined;
    },
  };
}

/** Empties the database: every box of every tab. */
export async function clearDatabase(name: string): Promise<void> {
  const { indexedDB } = globalThis as { indexedDB?: IDBFactory };
  if (!indexedDB) return;
  try {
    const db = await openDatabase(indexedDB, name, () => {});
    await attempt(db, "strict", ({ boxes, commands }) => {
      boxes.clear();
      commands.clear();
      return () => {};
    });
    db.close();
  } catch (thrown) {
    throw asError(thrown);
  }
}

interface Stores {
  readonly boxes: IDBObjectStore;
  readonly commands: IDBObjectStore;
}

function openDatabase(factory: IDBFactory, name: string, lost: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(BOXES, { keyPath: "id" satisfies keyof BoxRecord });
      request.result.createObjectStore(COMMANDS, { keyPath: ["box", "counter"] satisfies (keyof CommandRecord)[] });
    };
    request.onsuccess = () => {
      const db = request.result;
      db.onclose = lost;
      db.onversionchange = () => {
        db.close(); // somebody deletes it, and would wait for us
        lost();
      };
      resolve(db);
    };
    request.onerror = () => {
      lost();
      reject(request.error);
    };
  });
}

/** `strict` is on disk when it completes; `relaxed` has been handed to the operating system, which a power cut can undo. */
type TransactionKind = "read" | "strict" | "relaxed";

function attempt<T>(db: IDBDatabase, kind: TransactionKind, work: (stores: Stores) => () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const stores = [BOXES, COMMANDS];
    const transaction =
      kind === "read" ? db.transaction(stores) : db.transaction(stores, "readwrite", { durability: kind });
    transaction.onabort = () => reject(transaction.error ?? new DOMException("The transaction ended.", "AbortError"));
    try {
      const result = work({ boxes: transaction.objectStore(BOXES), commands: transaction.objectStore(COMMANDS) });
      transaction.oncomplete = () => resolve(result());
    } catch (thrown) {
      transaction.abort(); // else what came before the throw would be written
      reject(thrown);
    }
  });
}

/** What says that a command is there, or was sent, outlives a power cut. A removal that is lost costs one needless question. */
function kindOf({ add, mark }: OutboxBatch): TransactionKind {
  return add.length > 0 || mark.some(({ sentAt }) => sentAt !== undefined) ? "strict" : "relaxed";
}

function writeBatch(stores: Stores, box: string, batch: OutboxBatch): () => readonly number[] {
  const { boxes, commands } = stores;
  const gone: number[] = [];
  for (const command of batch.add) commands.put(toRecord(box, command));
  for (const { counter, sentAt } of batch.mark) {
    const found: IDBRequest<CommandRecord | undefined> = commands.get([box, counter]);
    found.onsuccess = () => {
      if (found.result) commands.put({ ...found.result, sentAt });
      else gone.push(counter);
    };
  }
  for (const counter of batch.remove) commands.delete([box, counter]);
  if (batch.empties) boxes.delete(box);
  else if (batch.add.length > 0) {
    const known: IDBRequest<BoxRecord | undefined> = boxes.get(box);
    known.onsuccess = () => {
      const record: BoxRecord = { id: box, opening: batch.opening, madeAt: Date.now() };
      if (!known.result) boxes.put(record);
    };
  }
  return () => gone;
}

async function acquire(locks: LockManager, name: string, ms: number): Promise<Undo | undefined> {
  const patience: LockOptions =
    ms === 0 ? { ifAvailable: true } : Number.isFinite(ms) ? { signal: AbortSignal.timeout(ms) } : {};
  return new Promise((resolve, reject) => {
    const holding = locks.request(name, patience, (lock) => {
      if (lock) return new Promise<void>((release) => resolve(release));
      resolve(undefined);
      return undefined;
    });
    holding.catch((thrown: unknown) => {
      if ((thrown as DOMException).name === "TimeoutError") resolve(undefined);
      else reject(asError(thrown));
    });
  });
}

function toRecord(box: string, { counter, frame, sentAt }: KeptCommand): CommandRecord {
  const { key, channel, event, payload } = frame;
  return { box, counter, key, channel, event, ...payload, sentAt };
}

function toCommand({ counter, key, channel, event, kind, data, sentAt }: CommandRecord): KeptCommand {
  return { counter, frame: { t: "publish", key, channel, event, payload: { kind, data } as Payload }, sentAt };
}

function asError(thrown: unknown): EitherwayError {
  const { name, message } = thrown as DOMException;
  if (name === "QuotaExceededError") {
    return new EitherwayError(
      "storage-full",
      "The browser gives this site no more space for its outbox; publish again once commands are answered, or free some.",
      { cause: thrown },
    );
  }
  return new EitherwayError("unavailable", `The outbox store fails: ${name}, ${message}`, { cause: thrown });
}
