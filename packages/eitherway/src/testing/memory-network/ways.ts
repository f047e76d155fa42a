/** The ways from a client to the server, and what the weather on one may be. */

/** Ways through the network, which a proxy may treat each in its own manner: the socket, event streams, polls, and all other requests. */
export const PATHS = ["websocket", "stream", "poll", "commands"] as const;
export type NetworkPath = (typeof PATHS)[number];

export interface Weather {
  /** What meets a new connection. `swallowed`: nothing ever answers. `busy`: something on the way says 503. */
  readonly reach: "open" | "refused" | "swallowed" | "busy";
  /** `Retry-After` of `busy`, seconds. */
  readonly retrySeconds: number;
  /** What is sent that way waits, in order, until this changes: `up` is from client to server. */
  readonly holds: "nothing" | Directions;
  /** Bytes to the client that pass before the rest is held back to the end of the answer. */
  readonly holdsAfter: number;
  /** Every second connection breaks as it reaches the server: one that got in, then one that did not. */
  readonly flaky: boolean;
  /** A connection that reaches the server breaks so many milliseconds afterwards. */
  readonly lifeMs: number;
  /** Milliseconds that everything takes, each way. */
  readonly latencyMs: number;
}

export type Directions = "both" | "up" | "down";

export const FAIR: Weather = {
  reach: "open",
  retrySeconds: 0,
  holds: "nothing",
  holdsAfter: Number.POSITIVE_INFINITY,
  flaky: false,
  lifeMs: Number.POSITIVE_INFINITY,
  latencyMs: 5,
};
