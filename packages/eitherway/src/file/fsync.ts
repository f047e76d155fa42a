/** Apart from the database, so that the types of this entry need none of its. */

/** When what is committed goes to the disk. */
export type Fsync = "always" | "interval" | "never";

export const FSYNC_POLICIES: readonly Fsync[] = ["always", "interval", "never"];
