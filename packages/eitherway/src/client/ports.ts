/** What the client needs from a platform. Structurally part of the server's ports, so one fake clock serves both. */

/** Ends what a call started. Calling it again does nothing. */
export type Undo = () => void;

export interface ClientClock {
  /** Milliseconds since 1970. May step. */
  wall(): number;
  /** Milliseconds since some moment. Never steps back; may stand still while a device sleeps. */
  now(): number;
  /** Runs once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): Undo;
}

/** A number from 0 (inclusive) to 1 (exclusive), for jitter. */
export type Random = () => number;

/** Calls back when the device or the page comes to life: a good moment to try again. */
export type Wakeups = (wake: () => void) => Undo;
