/** Waiting for what real sockets bring: for a condition, a few milliseconds at a time. */

const TURN_MS = 5;

export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TURN_MS));
}

/** The test's own time limit is the deadline. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}
