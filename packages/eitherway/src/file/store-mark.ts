/**
 * `eitherway.json` in a store's directory: what the directory is, who wrote it last, and how that ended. It is read before anything
 * else is touched, and tells whether ids may have been shown that the files do not have any more.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { damaged, foreign, newer } from "./directory-errors.ts";
import type { Fsync } from "./fsync.ts";

const MARK_FILE = "eitherway.json";
export const DATA_FILE = "data.mdb";

const FORMAT = 1;
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

export interface StoreMark {
  readonly format: typeof FORMAT;
  readonly fsync: Fsync;
  /** Ended in order, with everything on the disk. */
  readonly closed: boolean;
  /** The machine's run; `null` where the system does not tell. */
  readonly boot: string | null;
  /** `null`: the database was not there yet. */
  readonly file: FileIdentity | null;
}

/** Tells the file from every copy of it. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
  /** When the inode was made, ms; `null` where the file system does not tell: inodes are used again. */
  readonly born: number | null;
  /** When it was written last, ms; `null` while it is open. */
  readonly written: number | null;
}

/** `undefined`: there is none. @throws EitherwayError where the directory is no store that this version reads */
export function readMark(directory: string): StoreMark | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, MARK_FILE), "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
  let mark: Partial<StoreMark>;
  try {
    mark = JSON.parse(text) as Partial<StoreMark>;
  } catch (cause) {
    throw damaged(directory, `${MARK_FILE} is no JSON`, cause);
  }
  if (typeof mark !== "object" || mark === null || typeof mark.format !== "number") {
    throw foreign(directory, `${MARK_FILE} of something else`);
  }
  if (mark.format > FORMAT) throw newer(directory, mark.format, FORMAT);
  return mark as StoreMark;
}

/** Whole or not at all, and on the disk when it returns. */
export function writeMark(directory: string, mark: Omit<StoreMark, "format" | "boot">): void {
  const file = join(directory, MARK_FILE);
  const text = JSON.stringify({ format: FORMAT, ...mark, boot: bootId() } satisfies StoreMark, undefined, 2);
  const beside = `${file}.new`;
  writeFileSync(beside, `${text}\n`, { flush: true });
  renameSync(beside, file);
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The database as it is now. @param closed nothing writes to it any more */
export function identify(directory: string, closed: boolean): FileIdentity {
  const { dev, ino, birthtimeMs, ctimeMs, mtimeMs } = statSync(join(directory, DATA_FILE));
  const isTold = birthtimeMs > 0 && birthtimeMs < ctimeMs; // some systems give the time of the last change instead
  return { device: dev, inode: ino, born: isTold ? birthtimeMs : null, written: closed ? mtimeMs : null };
}

/**
 * Whether what was shown may be newer than what is there: the files are a copy or an older state of themselves, or the machine went
 * down before everything was on the disk.
 */
export function mayHaveLost(mark: StoreMark, directory: string): boolean {
  if (!mark.file) return false;
  const now = identify(directory, mark.closed);
  const { device, inode, born, written } = mark.file;
  const isOther = now.device !== device || now.inode !== inode || (born !== null && now.born !== born);
  return isOther || (mark.closed && now.written !== written) || (mark.fsync !== "always" && hadPowerCut(mark));
}

/** Its process ended without closing it, and the machine as well. */
export function hadPowerCut({ closed, boot }: StoreMark): boolean {
  return !closed && (boot === null || boot !== bootId());
}

function bootId(): string | null {
  try {
    return readFileSync(BOOT_ID_FILE, "utf8").trim();
  } catch {
    return null; // not Linux
  }
}
