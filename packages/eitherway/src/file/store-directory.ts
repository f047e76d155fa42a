/** Opens the directory of a store: looks at everything before anything is touched. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { isEitherwayError } from "../protocol/index.ts";
import { type DatabaseOptions, type OpenDatabase, openDatabase } from "./database.ts";
import { checkDatabaseFile } from "./database-file.ts";
import { damaged, foreign, inUse, notWritable } from "./directory-errors.ts";
import type { Fsync } from "./fsync.ts";
import { DATA_FILE, hadPowerCut, identify, mayHaveLost, readMark, type StoreMark, writeMark } from "./store-mark.ts";

export interface StoreDirectory {
  readonly database: OpenDatabase;
  /** Ids may have been shown that are not there any more: each log needs another epoch, before anything else. */
  readonly mayHaveLost: boolean;
  /** What is there is what its mark says from now on. */
  marked(): void;
  /** Ends in order. */
  close(): Promise<void>;
}

/** What may be in a directory that is empty otherwise: made by file systems, and by us when we were interrupted. */
const HARMLESS: ReadonlySet<string> = new Set(["lost+found", "eitherway.json.new"]);

const LOCK_FILE = "lock.mdb";

/** Real paths that this thread has open. */
const openHere = new Set<string>();

/** @throws EitherwayError whose `details` are a `DirectoryTrouble` */
export function openStoreDirectory(directory: string, fsync: Fsync): StoreDirectory {
  const path = makeWritable(directory);
  if (openHere.has(path)) throw inUse(directory, process.pid);
  const mark = unlessRefused(directory, () => readMark(path));
  const database = mark ? reopen(directory, path, mark, fsync) : create(directory, path, fsync);
  openHere.add(path);
  return {
    database,
    mayHaveLost: mark !== undefined && mayHaveLost(mark, path),
    marked: () =>
      unlessRefused(directory, () => writeMark(path, { fsync, closed: false, file: identify(path, false) })),
    async close() {
      await database.close();
      openHere.delete(path);
      writeMark(path, { fsync, closed: true, file: identify(path, true) });
    },
  };
}

/** The real path. */
function makeWritable(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const path = realpathSync(directory);
    for (const name of [DATA_FILE, LOCK_FILE]) checkFile(join(path, name));
    return path;
  } catch (cause) {
    throw notWritable(directory, cause);
  }
}

/** The library ends the process where it cannot open one of its files. They are not opened here: to close one would free its locks. */
function checkFile(file: string): void {
  if (!existsSync(file)) return;
  accessSync(file, constants.R_OK | constants.W_OK);
  if (!statSync(file).isFile()) throw new Error(`${file} is no file`);
}

function create(directory: string, path: string, fsync: Fsync): OpenDatabase {
  const found = readdirSync(path).filter((name) => !HARMLESS.has(name));
  if (found.length > 0) throw foreign(directory, found.slice(0, 3).join(", "));
  unlessRefused(directory, () => writeMark(path, { fsync, closed: false, file: null }));
  return openAlone(directory, path, { fsync, afterPowerCut: false });
}

function reopen(directory: string, path: string, mark: StoreMark, fsync: Fsync): OpenDatabase {
  if (existsSync(join(path, DATA_FILE))) checkDatabaseFile(directory, join(path, DATA_FILE));
  else if (mark.file) throw damaged(directory, `${DATA_FILE} is missing`);
  return openAlone(directory, path, { fsync, afterPowerCut: mark.fsync === "interval" && hadPowerCut(mark) });
}

function openAlone(directory: string, path: string, options: DatabaseOptions): OpenDatabase {
  let database: OpenDatabase;
  try {
    database = openDatabase(path, options);
  } catch (cause) {
    throw damaged(directory, `the database does not open (${(cause as Error).message})`, cause);
  }
  const readers = database.readers();
  const others = readers.filter((pid) => pid !== process.pid);
  const [other] = others.length === readers.length - 1 ? others : [process.pid, ...others];
  if (other === undefined) return database;
  void database.close();
  throw inUse(directory, other);
}

/** What the system does not let be done (no right, no room) is told by a sentence like anything else that refuses a directory. */
function unlessRefused<T>(directory: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw isEitherwayError(cause) ? cause : notWritable(directory, cause);
  }
}
