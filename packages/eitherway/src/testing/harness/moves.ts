/** What moved lately, by name: for the sentence about a harness that does not come to rest. */

export interface Moves {
  note(what: string): void;
  /** The last thousand, counted by name, most first. */
  lately(): string;
}

const MOST_NOTED = 1_000;
const NOTHING = "no message, so promises or timers of the application";

export function createMoves(): Moves {
  /** A ring. */
  const noted: string[] = [];
  let next = 0;

  return {
    note(what) {
      noted[next] = what;
      next = (next + 1) % MOST_NOTED;
    },
    lately() {
      const counts = new Map<string, number>();
      for (const what of noted) counts.set(what, (counts.get(what) ?? 0) + 1);
      const most = [...counts].sort(([, left], [, right]) => right - left);
      return most.map(([what, count]) => `${what} (${count} times)`).join(", ") || NOTHING;
    },
  };
}
