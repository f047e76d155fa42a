/**
 * Looks at a database file before the library maps it: what it would read beyond the end of a file that was cut off ends the process.
 *
 * The first two pages are heads, written in turn; the one with the higher transaction is true (lmdb/libraries/liblmdb/mdb.c, `MDB_meta`).
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { damaged } from "./directory-errors.ts";

const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
/** The roots of the tree of free pages and of the tree of tables. */
const ROOTS_AT = [88, 136];
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const HEAD_BYTES = 160;
const NO_PAGE = 2n ** 64n - 1n;

/** Pages that a transaction took at the end and gave back are never written: so many may lack there. A file that was cut lacks more. */
const UNWRITTEN_PAGES = 256n;

/** @throws EitherwayError that it is damaged */
export function checkDatabaseFile(directory: string, file: string): void {
  const fd = openSync(file, "r");
  try {
    const size = BigInt(fstatSync(fd).size);
    if (size === 0n) return; // made, and nothing written yet
    const first = readHead(fd, 0);
    const pageSize = first.readUInt32LE(PAGE_SIZE_AT);
    const second = readHead(fd, pageSize);
    for (const head of [first, second]) {
      if (head.readUInt32LE(MAGIC_AT) !== MAGIC) throw new RangeError("its head is that of no database");
    }
    const head = transactionOf(first) >= transactionOf(second) ? first : second;
    const pages = size / BigInt(pageSize);
    const roots = ROOTS_AT.map((at) => head.readBigUInt64LE(at)).filter((page) => page !== NO_PAGE);
    const lacking = head.readBigUInt64LE(LAST_PAGE_AT) + 1n - pages;
    if (roots.some((page) => page >= pages) || lacking > UNWRITTEN_PAGES) throw new RangeError("it has been cut off");
  } catch (cause) {
    throw damaged(directory, `the database cannot be read, ${(cause as Error).message}`, cause);
  } finally {
    closeSync(fd);
  }
}

function readHead(fd: number, position: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  if (readSync(fd, head, 0, HEAD_BYTES, position) !== HEAD_BYTES) throw new RangeError("it has been cut off");
  return head;
}

function transactionOf(head: Buffer): bigint {
  return head.readBigUInt64LE(TRANSACTION_AT);
}
