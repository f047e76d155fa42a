/**
 * The page's own proof: senders number their messages, and this counts what is missing or comes again. It looks at neither ids
 * nor the client's bookkeeping, so it cannot share a mistake with them.
 */
export interface Continuity {
  /**
   * @param number counted by the sender, from 1, +1 each
   * @param fromHistory the log may have been trimmed before it, so a sender unknown so far may begin at any number
   */
  take(sender: string, number: number, fromHistory: boolean): void;
  /** Continuity was declared lost: what comes next may begin anywhere. */
  gap(): void;
  /** Messages that had a number. */
  readonly checked: number;
  readonly lost: number;
  readonly doubled: number;
}

export function createContinuity(): Continuity {
  const expected = new Map<string, number>();
  let anyBegins = false; // after a gap, also senders that are new to us
  const counts = { checked: 0, lost: 0, doubled: 0 };

  return {
    take(sender, number, fromHistory) {
      const next = expected.get(sender) ?? (fromHistory || anyBegins ? number : 1);
      counts.checked++;
      if (number > next) counts.lost += number - next;
      if (number < next) counts.doubled++;
      expected.set(sender, Math.max(next, number + 1));
    },
    gap() {
      expected.clear();
      anyBegins = true;
    },
    get checked() {
      return counts.checked;
    },
    get lost() {
      return counts.lost;
    },
    get doubled() {
      return counts.doubled;
    },
  };
}
