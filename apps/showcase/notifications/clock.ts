/** Time as what is here needs it; tests have their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  wall(): number;
  /** @returns ends the wait */
  after(ms: number, run: () => void): () => void;
}

/** Longer waits overflow a timer, which would be over at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const hostClock: Clock = {
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_WAIT_MS));
    return () => clearTimeout(timer);
  },
};
