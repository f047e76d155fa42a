/**
 * Abilities that a platform may have beyond the ports. A transport works without them, only later: it learns of the same
 * thing from a deadline or a close.
 */
import type { HttpExchange } from "../core/index.ts";
import type { EitherwayError } from "../protocol/index.ts";

/** Socket events of a listener that wants to say in its own words why it closes. */
export interface SocketFailures {
  /**
   * What the peer sent is no WebSocket message: `too-large`, `bad-utf8` or `bad-frame`. Nothing more is read; the listener
   * closes the socket. Without this listener the socket closes itself with the number and name of the code.
   */
  failed(error: EitherwayError): void;
}

/** An exchange that tells when its client goes away before the answer, so that a long-poll does not wait for nobody. */
export interface Abandonable {
  /** Runs once, when the connection is over and nothing was answered. */
  onAbandoned(run: () => void): void;
}

export function isAbandonable(exchange: HttpExchange): exchange is HttpExchange & Abandonable {
  return typeof (exchange as Partial<Abandonable>).onAbandoned === "function";
}
