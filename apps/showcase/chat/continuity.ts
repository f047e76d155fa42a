/**
 * The page's own proof: senders number their messages, and this counts what is missing or comes again. It looks at neither ids
 * nor the client's bookkeeping, so it cannot share a mistake with them.
 */
export interface Continuity {
  /**
   * @param sender one page of somebody; whoever is new here may have begun long ago
   * @param number counted by the sender, +1 each
   */
  take(sender: string, number: number): void;
  /** Continuity was declared lost: what comes next may begin anywhere. */
  gap(): void;
  /** Messages that were looked at. */
  readonly checked: number;
  readonly lost: number;
  readonly doubled: number;
}

export function createContinuity(): Continuity {
  const expected = new Map<string, number>();
  const counts = { checked: 0, lost: 0, doubled: 0 };

  return {
    take(sender, number) {
      const next = expected.get(sender) ?? number;
      counts.checked++;
      if (number > next) counts.lost += number - next;
      if (number < next) counts.doubled++;
      expected.set(sender, Math.max(next, number + 1));
    },
    gap() {
      expected.clear();
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
