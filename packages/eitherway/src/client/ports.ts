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

/** What a device tells a client. */
export interface DeviceEvents {
  /** The device, the page or the network came to life: a good moment to look at the link, or to try again. */
  woken(): void;
  /** The page is put away and may be kept: whatever stays open would be dead when it comes back. Until `woken` nothing is tried. */
  asleep(): void;
}

/** Listens to the device. */
export type Wakeups = (device: DeviceEvents) => Undo;

/** What worked the last time on the network that the device is in. A hint, so it may forget at any time. */
export interface NetworkMemory {
  /** The name of a transport, or what a stranger left there. */
  recall(): string | undefined;
  remember(transport: string): void;
}
