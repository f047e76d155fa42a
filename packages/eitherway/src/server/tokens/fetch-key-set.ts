/** Gets the public keys of an issuer (a JWKS, RFC 7517 section 5) over HTTP, within bounds of time and size. */
import type { JSONWebKeySet } from "jose";
import { createLocalJWKSet } from "jose/jwks/local";
import { KeySetFailure } from "../key-set-failure.ts";
import type { TokenClock } from "./token-clock.ts";

/** Finds the key that a token's header names. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Long for a document of a few kilobytes, short for a client that waits. */
export const KEY_SET_TIME_LIMIT_MS = 5_000;
/** Key sets have 1 to 20 kB, certificates included. */
export const KEY_SET_BYTES = 256 * 1024;

const OK = 200;

/** Rejects with a `KeySetFailure`: it names the address and so is none for clients. */
export async function fetchKeySet(url: URL, clock: TokenClock): Promise<KeySet> {
  const limit = new AbortController();
  const late = new Error(`no answer within ${KEY_SET_TIME_LIMIT_MS} ms`);
  const undo = clock.after(KEY_SET_TIME_LIMIT_MS, () => limit.abort(late));
  try {
    const text = await fetchText(url, limit.signal);
    return createLocalJWKSet(parse(text)); // which checks what it gets
  } catch (cause) {
    const why = cause instanceof Error ? reasonOf(cause) : String(cause);
    throw new KeySetFailure(url, why, cause);
  } finally {
    undo();
    limit.abort(); // a body that is not read to its end
  }
}

/** Not in the words of `JSON.parse`, which quote what came. */
function parse(text: string): JSONWebKeySet {
  try {
    return JSON.parse(text) as JSONWebKeySet;
  } catch {
    throw new Error("it is no JSON");
  }
}

async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  // Redirects are not followed: where keys come from is for the configuration to say.
  const headers = { accept: "application/jwk-set+json, application/json" };
  const response = await fetch(url, { headers, signal, redirect: "manual", cache: "no-store" });
  if (response.status !== OK) throw new Error(`it answers ${response.status} instead of ${OK}`);
  return new TextDecoder("utf-8", { fatal: true }).decode(await readBounded(response));
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (value) chunks.push(value);
    length += value?.length ?? 0;
    if (length > KEY_SET_BYTES) throw new Error(`it is over ${KEY_SET_BYTES} bytes`);
    if (done) break;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** What `fetch` says of a network error is only in its cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
