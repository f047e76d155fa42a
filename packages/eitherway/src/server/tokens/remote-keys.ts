/**
 * The keys of an issuer as a cache that is asked for a token's key. Nobody waits for the issuer whose key is at hand, and no token,
 * however it is made up, makes this server ask the issuer more often than the pauses below.
 *
 * (The remote set of `jose` waits for an issuer that hangs once its keys are 10 minutes old, forgets them when that fails, bounds
 * no body, and asks again with every token after a failure.)
 */
import type { CryptoKey, JWTHeaderParameters } from "jose";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { EitherwayError } from "../../protocol/index.ts";
import { fetchKeySet, type KeySet } from "./fetch-key-set.ts";
import { refused } from "./read-grant.ts";
import type { TokenClock } from "./token-clock.ts";

export interface RemoteKeys {
  /**
   * The keys that may have signed a token with this header: one, or a few where the token names none.
   *
   * @throws EitherwayError `unauthorized` where the issuer has no such key, `unavailable` where that cannot be known now
   */
  find(header: JWTHeaderParameters): Promise<readonly CryptoKey[]>;
}

/** Keys older than this are fetched again, beside the work. How long a key that was taken out is still taken. */
export const FRESH_MS = 10 * 60_000;
/** Keys older than this are not used: whoever cannot be asked for that long may have taken some out. */
export const STALE_MS = 60 * 60_000;
/** Between a fetch and the next for the sake of a key that is not there. */
export const COOLDOWN_MS = 30_000;
/** Between a fetch that failed and the next. */
export const RETRY_MS = 2_000;
/** Most keys that are tried on a token that names none. */
export const MAX_CANDIDATES = 10;

export function createRemoteKeys(url: URL, clock: TokenClock): RemoteKeys {
  let held: { readonly set: KeySet; readonly at: number } | undefined;
  let failure: unknown;
  let mayFetchAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  /** Settles when there are new keys, or `failure` says why not; at once while it is too early to ask again. */
  function refresh(): Promise<void> {
    if (!fetching && clock.now() >= mayFetchAt) {
      fetching = fetchOnce().finally(() => {
        fetching = undefined;
      });
    }
    return fetching ?? Promise.resolve();
  }

  async function fetchOnce(): Promise<void> {
    try {
      const set = await fetchKeySet(url, clock);
      held = { set, at: clock.now() };
      failure = undefined;
      mayFetchAt = clock.now() + COOLDOWN_MS;
    } catch (thrown) {
      failure = thrown;
      mayFetchAt = clock.now() + RETRY_MS;
    }
  }

  function usable(): KeySet | undefined {
    return held && clock.now() - held.at <= STALE_MS ? held.set : undefined;
  }

  async function find(header: JWTHeaderParameters): Promise<readonly CryptoKey[]> {
    if (held && clock.now() - held.at > FRESH_MS) void refresh();
    const before = usable();
    const found = await findIn(before, header);
    if (found.length > 0) return found;
    await refresh();
    const after = usable();
    if (!after || after === before) throw notNow(failure);
    const foundNow = await findIn(after, header);
    if (foundNow.length > 0) return foundNow;
    throw refused("is signed with a key that its issuer does not have");
  }

  return { find };
}

async function findIn(set: KeySet | undefined, header: JWTHeaderParameters): Promise<readonly CryptoKey[]> {
  try {
    return set ? [await set(header)] : [];
  } catch (thrown) {
    if (thrown instanceof JWKSNoMatchingKey) return [];
    if (thrown instanceof JWKSMultipleMatchingKeys) return firstOf(thrown);
    throw notNow(thrown); // the issuer's key itself is broken
  }
}

async function firstOf(candidates: AsyncIterable<CryptoKey>): Promise<readonly CryptoKey[]> {
  const keys: CryptoKey[] = [];
  for await (const key of candidates) {
    keys.push(key);
    if (keys.length === MAX_CANDIDATES) break;
  }
  return keys;
}

/** Not `unauthorized`: the issuer may have begun to sign with a new key just now. The cause, not the sentence, names the address. */
function notNow(cause: unknown): EitherwayError {
  return new EitherwayError(
    "unavailable",
    "The key of this token is not known here and its issuer cannot be asked right now; come back later.",
    { cause },
  );
}
