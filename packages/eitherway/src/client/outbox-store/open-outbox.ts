/**
 * Opens the store of one tab on a disk that all tabs share: takes over a box that was left, or begins a new one, and finds what closed
 * tabs leave later.
 */
import { EitherwayError } from "../../protocol/index.ts";
import type { Undo } from "../ports.ts";
import { createJournal } from "./journal.ts";
import { keepOutbox } from "./keep-outbox.ts";
import type { OutboxDisk } from "./outbox-disk.ts";
import type { Keeper, KeeperEvents, KeptCommand, OutboxStore } from "./outbox-store.ts";
import { tendOutboxes } from "./tend.ts";

export interface OpenOutboxOptions {
  readonly disk: OutboxDisk;
  createClientId(): string;
  /** Remembers over a reload which box was this tab's. Default: forgets. */
  readonly tab?: TabMemory;
}

export interface TabMemory {
  recall(): string | undefined;
  remember(box: string): void;
}

/**
 * Counters that one opening of a box may use. Which of them were used is not written down, so the next opening begins with the
 * next block; a box that has been opened a million times would run out of the 10^15 that a key may count.
 */
const COUNTERS_PER_OPENING = 1_000_000_000;

/** A tab that reloads may be quicker than the end of the page before, which still has the lock. */
const OWN_LOCK_MS = 1_000;

/** A box that this tab has alone. */
interface Box {
  readonly id: string;
  readonly opening: number;
  readonly left: readonly KeptCommand[];
  /** Held while the box is on disk. */
  lock: Undo | undefined;
}

export async function openOutboxOn(options: OpenOutboxOptions): Promise<OutboxStore> {
  const { disk, createClientId, tab } = options;
  const box = (await takeFirst(disk, tab?.recall())) ?? {
    id: createClientId(),
    opening: 1,
    left: [],
    lock: undefined,
  };
  tab?.remember(box.id);
  return {
    ...createStore(disk, box, () => disk.close()),
    tend: (tending) => tendOutboxes(() => takeLeft(disk, box.id), tending),
  };
}

/** Rather the tab's own than another one's, so that each tab goes on in its own order; and rather an old one than a new one. */
async function takeFirst(disk: OutboxDisk, own: string | undefined): Promise<Box | undefined> {
  const boxes = await disk.boxes();
  const mine = boxes.filter((box) => box === own);
  for (const id of [...mine, ...boxes.filter((box) => box !== own)]) {
    const box = await take(disk, id, id === own ? OWN_LOCK_MS : 0);
    if (box) return box;
  }
  return undefined;
}

/** What another tab left; one that is still there has its lock. */
async function takeLeft(disk: OutboxDisk, own: string): Promise<OutboxStore | undefined> {
  for (const id of await disk.boxes()) {
    const box = id === own ? undefined : await take(disk, id, 0);
    if (box) return createStore(disk, box, () => {});
  }
  return undefined;
}

async function take(disk: OutboxDisk, id: string, ms: number): Promise<Box | undefined> {
  const lock = await disk.lock(id, ms);
  if (!lock) return undefined;
  const opened = await disk.open(id).catch((thrown: unknown) => {
    lock();
    throw thrown;
  });
  if (opened) return { id, opening: opened.opening, left: opened.commands, lock };
  lock(); // emptied since it was listed
  return undefined;
}

function createStore(disk: OutboxDisk, box: Box, closed: () => void): OutboxStore {
  const { id, opening, left } = box;
  let counter = (opening - 1) * COUNTERS_PER_OPENING;
  let isTaken = false;

  function release(): void {
    box.lock?.();
    box.lock = undefined;
  }

  function end(): void {
    release();
    closed();
  }

  const openJournal = (events: KeeperEvents): Keeper =>
    createJournal({
      left,
      events,
      nextCounter: () => ++counter,
      async write(batch) {
        // Not held while the box is empty: a lock keeps browsers from freezing a page, and some from keeping it for the way back.
        box.lock ??= await disk.lock(id, Number.POSITIVE_INFINITY);
        const gone = await disk.write(id, { ...batch, opening });
        if (batch.empties) release();
        return gone;
      },
      closed: end,
    });

  return {
    clientId: id,
    keep(outbox, options) {
      if (isTaken) {
        throw new EitherwayError(
          "bad-request",
          "This outbox store belongs to a client already, and ends with it; open one for each client.",
        );
      }
      isTaken = true;
      return keepOutbox(outbox, options, openJournal);
    },
    async close() {
      if (isTaken) return;
      isTaken = true;
      end();
    },
  };
}
