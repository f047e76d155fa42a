/** Which part of a room is looked at: its live end, or a slice somewhere in it. */
import { isEitherwayError } from "eitherway/client";
import { useEffect, useMemo, useRef, useState } from "react";
import {
  follow,
  PAGE,
  type Page,
  type Placed,
  placeOf,
  putBefore,
  putBehind,
  reaches,
  type Slice,
  sliceOf,
} from "./slice.ts";

export interface SliceSource<Item extends Placed> {
  /** The newest messages, as they come. */
  readonly live: readonly Item[];
  readonly hasOlder: boolean;
  /** Another one each time that continuity was lost: then no slice of before is part of the room any more. */
  readonly gap: object | undefined;
  /** Reads what stands before a place of the room that an id is of. */
  readPage(ofRoom: string, before: number): Promise<Page<Item>>;
  /** The id of the oldest message. */
  readStart(): Promise<string | undefined>;
}

export interface Look<Item extends Placed> extends Slice<Item> {
  readonly isReading: boolean;
  /** Why the last page could not be read. */
  readonly error: string | undefined;
  readOlder(): void;
  readNewer(): void;
  jumpToFirst(): void;
  jumpToLast(): void;
  /** Changes with each jump to the last one. */
  readonly jumps: number;
}

export function useSlice<Item extends Placed>(source: SliceSource<Item>): Look<Item> {
  const { live, gap, readPage, readStart } = source;
  const [past, setPast] = useState<Slice<Item>>();
  const [isReading, setReading] = useState(false);
  const [error, setError] = useState<string>();
  const [jumps, setJumps] = useState(0);
  const reading = useRef<object>(undefined);
  const shown = useMemo(
    () => (past ? follow(past, live) : { items: live, hasOlder: source.hasOlder, hasNewer: false }),
    [past, live, source.hasOlder],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: the gap is what it is about
  useEffect(() => jumpToLast(), [gap]);

  useEffect(
    () => () => {
      reading.current = undefined;
    },
    [],
  );

  /** One page at a time; what was asked for before a jump comes too late. */
  async function read(work: (isWanted: () => boolean) => Promise<void>, isJump = false): Promise<void> {
    if (reading.current && !isJump) return;
    const own = {};
    const isWanted = (): boolean => reading.current === own;
    reading.current = own;
    setReading(true);
    await tryAgain(
      async () => {
        await work(isWanted);
        if (isWanted()) setError(undefined);
      },
      isWanted,
      setError,
    );
    if (!isWanted()) return;
    reading.current = undefined;
    setReading(false);
  }

  function jumpToLast(): void {
    reading.current = undefined;
    setReading(false);
    setPast(undefined);
    setJumps((before) => before + 1);
  }

  return {
    ...shown,
    isReading,
    error,
    jumps,
    jumpToLast,
    readOlder() {
      const [first] = shown.items;
      if (!first || !shown.hasOlder) return;
      void read(async (isWanted) => {
        const page = await readPage(first.id, placeOf(first.id));
        if (isWanted()) setPast(putBefore(shown, page));
      });
    },
    readNewer() {
      const last = shown.items.at(-1);
      if (!last || !shown.hasNewer) return;
      if (reaches(shown, live)) setPast(undefined);
      else {
        void read(async (isWanted) => {
          const page = await readPage(last.id, placeOf(last.id) + PAGE + 1);
          if (isWanted()) setPast(putBehind(shown, page));
        });
      }
    },
    jumpToFirst() {
      void read(async (isWanted) => {
        const start = await readStart();
        if (start === undefined) return;
        const page = await readPage(start, placeOf(start) + PAGE);
        if (!isWanted()) return;
        const slice = sliceOf(page);
        setPast(slice.hasNewer ? slice : undefined);
      }, true);
    },
  };
}

/** Short: when a network has come back, each connection that a browser had kept fails once. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 8_000;

/** What failed may go well the next time, and who is at an end of what is shown cannot scroll on to ask for it. */
async function tryAgain(
  work: () => Promise<void>,
  isWanted: () => boolean,
  failed: (why: string) => void,
): Promise<void> {
  for (let pause = FIRST_PAUSE_MS; isWanted(); pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (!isWanted()) return;
      failed(thrown instanceof Error ? thrown.message : String(thrown));
      if (!isEitherwayError(thrown) || !thrown.retry) return;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
