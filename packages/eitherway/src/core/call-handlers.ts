/** The seam to what answers calls: an application says what there is, `calls.ts` runs it. */
import type { Payload } from "../protocol/index.ts";
import type { Identity } from "./hub-api.ts";

export interface CallHandlers {
  /**
   * What answers the call of this name on this channel, or nothing.
   *
   * @throws EitherwayError `unknown-channel`
   */
  find(channel: string, name: string): CallHandler | undefined;
}

export interface CallHandler {
  /** Milliseconds until `call-timeout`. */
  readonly timeoutMs: number;
  /** It does no harm to start it again where nobody knows what came of it. */
  readonly repeatable: boolean;
  /**
   * Checks the input; what it gives starts the handler. A promise only where a validator is asynchronous: what comes behind waits
   * for it, so that calls start in the order sent.
   *
   * @throws EitherwayError `invalid`
   */
  prepare(input: Payload): StartCall | Promise<StartCall>;
}

/** Resolves with the answer. Rejects with `callFailed(...)`; anything else is a defect, of which the caller learns nothing. */
export type StartCall = (context: CallContext) => Promise<Payload | undefined>;

export interface CallContext {
  readonly channel: string;
  readonly who: Identity;
  /** Aborts when the time is over, or the server ends. */
  readonly signal: AbortSignal;
}
