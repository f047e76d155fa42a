/** The streams seam: text or bytes that one producer appends piece by piece, to a log of their own. */
import type { Id, Payload } from "../protocol/index.ts";

/** The right to append to a stream, which one producer has. Good on the broker that gave it only. */
export interface StreamHold {
  /** `@stream/<channel>/<name>` */
  readonly log: string;
  /** Tells the holder from everybody before and after. */
  readonly token: string;
}

/** Why a stream failed, as its readers are told. The codes are the application's own, but for `producer-lost`. */
export interface StreamFailure {
  readonly code: string;
  /** A sentence for people. What is longer than 500 characters is cut. */
  readonly message: string;
}

/**
 * An ability of the store that keeps the logs, so that "is it open, and mine?" is asked in the same step as the append.
 *
 * A stream is `piece` messages, then exactly one `end` or `failed`; whoever reads it from a page gets neighbouring pieces joined.
 * Nothing of it is trimmed while it is open, and all of it at once when it has been over for `retention.ageMs`.
 */
export interface Streams {
  /**
   * Takes the right to append for `leaseMs`. A stream that was there before and is over begins a new epoch, so that its readers
   * are told by a gap.
   *
   * @throws EitherwayError `stream-open` while somebody holds it, `too-many-channels`, `storage-full`
   */
  open(log: string, leaseMs: number): Promise<StreamHold>;

  /**
   * Appends a piece; when it resolves the piece is readable and watchers will hear of it. Takes effect in the order of the calls.
   *
   * @throws EitherwayError `stream-over` where the hold is not good any more, `too-large` beyond `limits.streamBytes`,
   *   `storage-full`; nothing was appended then, and but for `stream-over` the stream is open as before
   */
  append(hold: StreamHold, piece: Payload): Promise<Id>;

  /** The lease counts `leaseMs` from now. @throws EitherwayError `stream-over` */
  renew(hold: StreamHold, leaseMs: number): Promise<void>;

  /**
   * Ends the stream: with `end`, or with `failed` where there is a failure. There is always room for it. A lease that is over
   * ends the stream by itself, as `failed` with code `producer-lost`, once.
   *
   * @throws EitherwayError `stream-over`: it has its end already
   */
  finish(hold: StreamHold, failure?: StreamFailure): Promise<Id>;
}
