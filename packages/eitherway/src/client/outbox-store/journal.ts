/**
 * Keeps an outbox on disk: knows of each command what should stand there and what does, and writes the difference, one transaction
 * at a time. What comes while one is under way shares the next, so a burst costs few.
 */
import { EitherwayError, isEitherwayError, type PublishFrame } from "../../protocol/index.ts";
import type { OutboxBatch } from "./outbox-disk.ts";
import type { Keeper, KeeperEvents, KeptCommand } from "./outbox-store.ts";

export interface JournalOptions {
  readonly left: readonly KeptCommand[];
  readonly events: KeeperEvents;
  nextCounter(): number;
  /** See `OutboxDisk.write`. Called again only after it settled. */
  write(batch: Omit<OutboxBatch, "opening">): Promise<readonly number[]>;
  /** Nothing is written any more. */
  closed(): void;
}

/** A number: may have been sent, first at that time of the wall clock. */
type Standing = "absent" | "unsent" | number;

interface Slot {
  readonly counter: number;
  readonly frame: PublishFrame;
  wanted: Standing;
  onDisk: Standing;
}

export function createJournal(options: JournalOptions): Keeper {
  const { left, events, write } = options;
  const slots = new Map<number, Slot>();
  const dirty = new Set<Slot>();
  /** The writing that is under way. */
  let writing: Promise<void> | undefined;
  let isBroken = false;
  let isClosed = false;

  for (const { counter, frame, sentAt } of left) {
    const standing = sentAt ?? "unsent";
    slots.set(counter, { counter, frame, wanted: standing, onDisk: standing });
  }

  function want(slot: Slot | undefined, wanted: Standing): void {
    if (!slot || slot.wanted === wanted || isBroken || isClosed) return;
    slot.wanted = wanted;
    dirty.add(slot);
    writing ??= writeAll();
  }

  async function writeAll(): Promise<void> {
    await undefined; // the rest of this turn goes along
    while (dirty.size > 0) await writeOnce();
    writing = undefined;
  }

  async function writeOnce(): Promise<void> {
    for (const { counter, wanted, onDisk } of dirty) {
      if (wanted === "absent" && onDisk === "absent") slots.delete(counter); // came and went within a turn
    }
    const changes = [...dirty].map((slot) => ({ slot, wanted: slot.wanted })).filter(differs);
    dirty.clear();
    if (changes.length === 0) return;
    const batch = createBatch(changes);
    try {
      const gone = await write(batch);
      for (const { slot, wanted } of changes) {
        slot.onDisk = wanted;
        if (wanted === "absent" && slot.wanted === "absent") slots.delete(slot.counter);
      }
      if (gone.length > 0) refuse(gone, thrownAway());
    } catch (thrown) {
      failed(changes, thrown);
      return;
    }
    if (!isClosed) events.written();
  }

  function createBatch(changes: readonly Change[]): Omit<OutboxBatch, "opening"> {
    const absentBefore = ({ slot }: Change): boolean => slot.onDisk === "absent";
    const present = changes.filter(({ wanted }) => wanted !== "absent");
    const remove = changes.filter(({ wanted }) => wanted === "absent").map(({ slot }) => slot.counter);
    const kept = [...slots.values()].filter(({ onDisk }) => onDisk !== "absent").length;
    const add = present.filter(absentBefore).map(toCommand);
    return {
      add,
      mark: present.filter((change) => !absentBefore(change)).map(toCommand),
      remove,
      empties: add.length === 0 && kept === remove.length,
    };
  }

  /** New commands that have no room are refused, and what the rest needs is tried without them. Else it is over. */
  function failed(changes: readonly Change[], thrown: unknown): void {
    const error = isEitherwayError(thrown)
      ? thrown
      : new EitherwayError("unavailable", `The outbox store fails: ${String(thrown)}.`, { cause: thrown });
    const added = changes.filter(({ slot }) => slot.onDisk === "absent");
    if (error.code === "storage-full" && added.length > 0) {
      for (const { slot } of changes) if (slot.onDisk !== "absent") dirty.add(slot);
      refuse(
        added.map(({ slot }) => slot.counter),
        error,
      );
      return;
    }
    isBroken = true;
    dirty.clear();
    const stuck = [...slots.values()].filter(({ onDisk, wanted }) => onDisk === "unsent" && wanted !== "absent");
    slots.clear();
    if (isClosed) return;
    events.broken(
      error,
      stuck.map(({ counter }) => counter),
    );
  }

  function refuse(counters: readonly number[], error: EitherwayError): void {
    for (const counter of counters) {
      const slot = slots.get(counter);
      if (slot) dirty.delete(slot);
      slots.delete(counter);
    }
    if (!isClosed) events.refused(counters, error);
  }

  return {
    left,
    nextCounter: options.nextCounter,
    add(counter, frame) {
      if (isBroken || isClosed) return;
      const slot: Slot = { counter, frame, wanted: "absent", onDisk: "absent" };
      slots.set(counter, slot);
      want(slot, "unsent");
    },
    mark(counter, wall) {
      const slot = slots.get(counter);
      if (slot?.wanted === "unsent") want(slot, wall);
    },
    unmark(counter) {
      const slot = slots.get(counter);
      if (typeof slot?.wanted === "number") want(slot, "unsent");
    },
    maySend(counter) {
      const slot = slots.get(counter);
      return isBroken || (typeof slot?.wanted === "number" && slot.onDisk === slot.wanted);
    },
    remove: (counter) => want(slots.get(counter), "absent"),
    settled: async () => writing,
    async close() {
      isClosed = true;
      await writing;
      options.closed();
    },
  };
}

interface Change {
  readonly slot: Slot;
  /** As it was when the batch was made; more may be wanted since. */
  readonly wanted: Standing;
}

function differs({ slot, wanted }: Change): boolean {
  return slot.onDisk !== wanted;
}

function toCommand({ slot, wanted }: Change): KeptCommand {
  const { counter, frame } = slot;
  return { counter, frame, sentAt: typeof wanted === "number" ? wanted : undefined };
}

function thrownAway(): EitherwayError {
  return new EitherwayError("closed", "The command was thrown away by clearOutbox() before it was sent.");
}
