/** The outbox that survives: an import of its own, since most clients do without. */
import { EitherwayError } from "../../protocol/index.ts";
import { webPlatform } from "../platform.ts";
import { clearDatabase, createIndexedDbDisk } from "./indexed-db-disk.ts";
import { openOutboxOn, type TabMemory } from "./open-outbox.ts";
import type { OutboxStore } from "./outbox-store.ts";

export type { OpenOutboxOptions, TabMemory } from "./open-outbox.ts";
export { openOutboxOn } from "./open-outbox.ts";
export type * from "./outbox-disk.ts";
export type * from "./outbox-store.ts";

export interface OutboxName {
  /**
   * Parts outboxes of one origin. Take one for each server and user: what one user left goes out with the token of whoever opens
   * it next. Default: empty.
   */
  readonly name?: string;
}

/**
 * Opens an outbox in IndexedDB: publishes survive a reload and days offline, are sent once and in order, and those whose outcome
 * nobody can know are named (P5). Each tab has its own; what a closed tab left is sent by any other, or by the next one.
 *
 * Every publish is on disk before it is sent and until it is answered. A publish that finds no space rejects with `storage-full`; where
 * the disk fails the client reports that as `error` and goes on in memory.
 *
 * Browsers may clear a site's data when space is short; `navigator.storage.persist()` asks them not to.
 *
 * @example
 * const store = await openOutbox({ name: user.id });
 * const client = createClient({ url: "/eitherway", outbox: { store } });
 * client.on("outcome", ({ data, id, error }) => console.log(data, error ? `failed: ${error.code}` : `is message ${id}`));
 *
 * @throws EitherwayError (as a rejection) `unavailable` where there is no IndexedDB, or are no Web Locks (pages that are not
 * served over https), and where the disk fails
 */
export async function openOutbox({ name = "" }: OutboxName = {}): Promise<OutboxStore> {
  const database = databaseOf(name);
  const { createClientId } = webPlatform;
  return openOutboxOn({ disk: createIndexedDbDisk(database), createClientId, tab: createTabMemory(database) });
}

/**
 * Throws away what waits in all tabs and was never sent, for example when somebody logs out: those publishes reject with `closed`.
 * What was sent already has its outcome.
 */
export async function clearOutbox({ name = "" }: OutboxName = {}): Promise<void> {
  await clearDatabase(databaseOf(name));
}

function databaseOf(name: string): string {
  if (typeof name === "string") return `eitherway-outbox/${name}`;
  throw new EitherwayError("bad-request", `Option name of the outbox is a ${typeof name}; give a string.`);
}

/** Session storage is a tab's own. Where it is closed to us, or in a worker, the tab finds its box among the others. */
function createTabMemory(key: string): TabMemory {
  return {
    recall() {
      try {
        return sessionStorage.getItem(key) ?? undefined;
      } catch {
        return undefined;
      }
    },
    remember(box) {
      try {
        sessionStorage.setItem(key, box);
      } catch {} // as above
    },
  };
}
