/** What a node says of itself at `/readyz`. */

/** A part of a node that does not do what it should. */
export interface Trouble {
  readonly part: "delivery" | "revocations";
  /** Milliseconds since 1970 of the last time that it was seen to do so, or of its start. */
  readonly since: number;
  /** A sentence for people. */
  readonly message: string;
}
