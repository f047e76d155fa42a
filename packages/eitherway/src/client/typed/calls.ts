/** Calls of a client: asked with a key, answered once. A function of its own, so that a bundle without calls has none of it. */
import {
  checkChannelName,
  checkEventName,
  checkKey,
  EitherwayError,
  type Payload,
  quote,
  valuePayload,
} from "../../protocol/index.ts";
import type { ClientSeam } from "../seam.ts";
import { createAsker } from "./ask-again.ts";

export interface CallOptions {
  /**
   * Milliseconds to wait for the answer, offline included. Default: as long as it takes, which the server's own timeout ends once
   * the call was started.
   */
  readonly timeout?: number | undefined;
  /** Gives up. Before the call was sent nothing happens; afterwards the rejection is `outcome-unknown`. */
  readonly signal?: AbortSignal | undefined;
  /** Your own idempotency key, at most 128 bytes; default a counted one. */
  readonly key?: string | undefined;
  /** Of the input. Default: `bytes` for a Uint8Array, else `json`. `text` takes a string. */
  readonly kind?: Payload["kind"] | undefined;
}

/**
 * Calls the application at the server; resolves with its answer, or `undefined` where that is nothing. Queued while offline, sent
 * again with the same key after a cut, over any transport, and started once (P5). It ends with the page: `outbox.store` keeps publishes
 * only, since nobody would be there for the answer.
 *
 * @throws EitherwayError (as a rejection) `call-failed` with `details` `{ name, data }` where the handler said so, `invalid` with
 * `details` `{ issues }`, `call-timeout` from the server, or for `timeout` before anything was sent; `outcome-unknown` where it was
 * sent and nobody can tell any more; `unknown-call`, `too-large`, `bad-json`, `bad-key`, `unavailable` when the outbox is full, `closed`
 */
export async function call(
  { clock, submit }: Pick<ClientSeam, "clock" | "submit">,
  channel: string,
  name: string,
  input: unknown,
  { timeout, signal, key, kind }: CallOptions = {},
): Promise<unknown> {
  checkChannelName(channel);
  checkEventName(name);
  if (key !== undefined) checkKey(key);
  const payload = valuePayload(input === undefined ? null : input, kind); // no input is one as well
  signal?.throwIfAborted();
  const giveUp = new AbortController();
  const onAbort = (): void => giveUp.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const undoTimeout =
    timeout === undefined ? undefined : clock.after(timeout, () => giveUp.abort(notSent(channel, name, timeout)));
  try {
    const { answer } = await submit({ t: "call", channel, name, payload }, { key, signal: giveUp.signal, createAsker });
    return answer?.data;
  } finally {
    undoTimeout?.();
    signal?.removeEventListener("abort", onAbort);
  }
}

function notSent(channel: string, name: string, timeout: number): EitherwayError {
  return new EitherwayError(
    "call-timeout",
    `Call ${quote(name)} on ${quote(channel)} could not be sent within ${timeout} ms; nothing was done, and it may be called again.`,
  );
}
