/** Who is writing: whoever said so lately, and has not sent what it was. */
export interface Typing {
  /** Whether that is news. */
  heard(user: string, now: number): boolean;
  /** The message has come. */
  sent(user: string): void;
  /** In the order in which they began. */
  users(now: number): readonly string[];
  /** When somebody is heard no more, unless he says so again; `undefined` where nobody is writing. */
  nextEnd(): number | undefined;
}

/** Those who write say so every so often. */
export const SAY_EVERY_MS = 2_000;
/** One word may get lost: it is kept nowhere. */
const HEARD_FOR_MS = 2 * SAY_EVERY_MS + 1_000;

export function createTyping(): Typing {
  const until = new Map<string, number>();
  return {
    heard(user, now) {
      const isNews = !until.has(user);
      until.set(user, now + HEARD_FOR_MS);
      return isNews;
    },
    sent: (user) => void until.delete(user),
    users(now) {
      for (const [user, end] of until) if (end <= now) until.delete(user);
      return [...until.keys()];
    },
    nextEnd: () => (until.size === 0 ? undefined : Math.min(...until.values())),
  };
}
