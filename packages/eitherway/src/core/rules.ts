/** What an application says of its channels, asked before anything is done. Without rules every channel is open and reliable. */
import type { Payload } from "../protocol/index.ts";

/** What becomes of a message: DESIGN, section 5. */
export type Delivery =
  | { readonly class: "reliable" }
  /**
   * Of one collapse key the newest counts: to who is behind, and before the append, where one message in `windowMs` is appended. 0: all are.
   */
  | { readonly class: "latest"; readonly collapse: string; readonly windowMs: number }
  | { readonly class: "volatile" };

export interface Admitted {
  /** What is stored and passed on: the output of a validator where one ran. */
  readonly payload: Payload;
  readonly delivery: Delivery;
}

export interface Rules {
  /**
   * Admits a message, or refuses it. A promise only where a validator is asynchronous: order is kept by waiting for it.
   *
   * @param own the server publishes it itself
   * @throws EitherwayError `unknown-channel`, `unknown-event` or `invalid`
   */
  admit(channel: string, event: string, payload: Payload, own: boolean): Admitted | Promise<Admitted>;

  /**
   * Admits the state of a member: the JSON text to store, the output of a validator where one ran.
   *
   * @throws EitherwayError `unknown-channel` or `invalid`
   */
  presence(channel: string, state: string): string | Promise<string>;

  /** Whether there is such a channel. Throws `unknown-channel`. */
  checkChannel(channel: string): void;
}
