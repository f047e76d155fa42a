/** A disk for outboxes that lives in memory: its pages come and go, and are killed at any step. */
import type { KeptCommand, OutboxDisk } from "../client/outbox-store/index.ts";
import { EitherwayError } from "../protocol/index.ts";

export interface MemoryOutboxDisk {
  /** A page, or a tab, of the browser that this is the disk of. */
  page(): MemoryPage;
  /** What is on disk: commands by box, in order. Copies. */
  readonly boxes: ReadonlyMap<string, readonly KeptCommand[]>;
  /** What fails from now on: `adding` for want of space, or `everything`. */
  fails: "nothing" | "adding" | "everything";
}

export interface MemoryPage {
  readonly disk: OutboxDisk;
  /** Operations of this page that have reached the disk. */
  readonly operations: number;
  /** The page is gone: its locks are free, and nothing of it reaches the disk or comes back from it. */
  kill(): void;
  /** Kills the page when so many operations have reached the disk: the last one was done, but nobody heard of it. */
  killAfter(operations: number): void;
}

interface Box {
  opening: number;
  readonly commands: Map<number, KeptCommand>;
}

interface Lock {
  readonly free: Promise<void>;
  readonly release: () => void;
}

/**
 * @example
 * const disk = createMemoryOutboxDisk();
 * const store = await openOutboxOn({ disk: disk.page().disk, createClientId: () => "c1" });
 */
export function createMemoryOutboxDisk(): MemoryOutboxDisk {
  const boxes = new Map<string, Box>();
  const locks = new Map<string, Lock>();

  function page(): MemoryPage {
    const held = new Set<Lock>();
    let alive = true;
    let operations = 0;
    let last = Number.POSITIVE_INFINITY;

    function kill(): void {
      alive = false;
      for (const lock of held) lock.release();
    }

    /** Takes a moment, as disks do. */
    async function operate<T>(work: () => T): Promise<T> {
      await undefined;
      if (!alive) return NEVER;
      if (self.fails === "everything") throw new EitherwayError("unavailable", "The disk fails.");
      const result = work();
      operations++;
      if (operations >= last) kill();
      await undefined;
      return alive ? result : NEVER;
    }

    async function lock(name: string, ms: number): Promise<(() => void) | undefined> {
      await undefined;
      for (let taken = locks.get(name); taken; taken = locks.get(name)) {
        if (Number.isFinite(ms)) return undefined;
        await taken.free;
      }
      if (!alive) return NEVER;
      const own = createLock(() => {
        if (locks.get(name) === own) locks.delete(name);
        held.delete(own);
      });
      locks.set(name, own);
      held.add(own);
      return own.release;
    }

    const disk: OutboxDisk = {
      boxes: () => operate(() => [...boxes.keys()]),
      lock,
      open: (name) =>
        operate(() => {
          const box = boxes.get(name);
          if (!box) return undefined;
          box.opening++;
          return { opening: box.opening, commands: inOrder(box) };
        }),
      write: (name, { opening, add, mark, remove, empties }) =>
        operate(() => {
          if (self.fails === "adding" && add.length > 0) throw new EitherwayError("storage-full", "The disk is full.");
          const box = boxes.get(name) ?? { opening, commands: new Map() };
          const gone: number[] = [];
          for (const command of add) box.commands.set(command.counter, structuredClone(command));
          for (const { counter, sentAt } of mark) {
            const command = box.commands.get(counter);
            if (command) box.commands.set(counter, { ...command, sentAt });
            else gone.push(counter);
          }
          for (const counter of remove) box.commands.delete(counter);
          if (empties) boxes.delete(name);
          else if (add.length > 0) boxes.set(name, box);
          return gone;
        }),
      close() {},
    };
    return {
      disk,
      get operations() {
        return operations;
      },
      kill,
      killAfter(count) {
        last = count;
      },
    };
  }

  const self: MemoryOutboxDisk = {
    page,
    get boxes() {
      return new Map([...boxes].map(([name, box]) => [name, inOrder(box)]));
    },
    fails: "nothing",
  };
  return self;
}

function createLock(released: () => void): Lock {
  let release = (): void => {};
  const free = new Promise<void>((resolve) => {
    release = () => {
      released();
      resolve();
    };
  });
  return { free, release };
}

/** What a page that is gone waits for. */
const NEVER = new Promise<never>(() => {});

function inOrder({ commands }: Box): readonly KeptCommand[] {
  return [...commands.values()].sort((a, b) => a.counter - b.counter);
}
