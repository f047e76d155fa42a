/** The file broker: logs that outlive the process, in a directory. Needs the package `lmdb` beside this one. */

export type { DirectoryTrouble } from "./directory-errors.ts";
export type { FileOptions } from "./file-broker.ts";
export { file } from "./file-broker.ts";
export type { Fsync } from "./fsync.ts";
