/** Keys of the servers of an application: fixed texts in place of tokens. */
import { EitherwayError, isEitherwayError } from "../../protocol/index.ts";
import { type Capabilities, compileCapabilities } from "../capabilities.ts";
import type { TokenGrant } from "../grant.ts";
import { isName } from "./read-grant.ts";

export interface ApiKey {
  /** 32 to 256 visible ASCII characters, made at random: `openssl rand -base64 48`. */
  readonly key: string;
  /** Who its holder is. Default: nobody in particular. */
  readonly user?: string | undefined;
  /** What it may do, as the claim `channels` of a token. Default: as a token without one. */
  readonly channels?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface ApiKeys {
  /** What a key grants; `undefined` for a text that is none of them. */
  find(text: string): Promise<TokenGrant | undefined>;
}

/** Most keys: a text is compared with all of them. */
const MAX_API_KEYS = 1_000;

/** Most are written by hand, as JSON: with a `chanels` a key would open everything. */
const NAMES: ReadonlySet<string> = new Set(["key", "user", "channels"]);

const KEY_SHAPE = /^[!-~]{32,256}$/;

/** @throws EitherwayError `bad-request` naming the place of a key that cannot be used, never the key */
export function createApiKeys(keys: readonly ApiKey[]): ApiKeys {
  if (!Array.isArray(keys) || keys.length > MAX_API_KEYS) {
    throw new EitherwayError("bad-request", `Option apiKeys is no list of at most ${MAX_API_KEYS} keys.`);
  }
  const grants = keys.map(readKey);
  const firsts = new Map(keys.map(({ key }, at) => [key, at])); // by key, the last that has it
  const twice = keys.findIndex(({ key }, at) => firsts.get(key) !== at);
  if (twice >= 0) throw wrong(twice, "has the same key as another; leave one out");
  const digests = Promise.all(keys.map(({ key }) => digest(key)));
  return {
    async find(text) {
      const shown = await digest(text);
      let found: TokenGrant | undefined;
      // All of them, and of hashes: how long it takes tells nothing about any key.
      for (const [at, known] of (await digests).entries()) if (isSame(known, shown)) found = grants[at];
      return found;
    },
  };
}

function readKey(given: ApiKey, at: number): TokenGrant {
  const { key, user, channels } = given ?? {};
  if (typeof key !== "string" || !KEY_SHAPE.test(key)) {
    throw wrong(at, "has a key that is not 32 to 256 visible ASCII characters; make one with: openssl rand -base64 48");
  }
  const unknown = Object.keys(given).some((name) => !NAMES.has(name));
  if (unknown) throw wrong(at, `has something beside ${[...NAMES].join(", ")}; check how it is spelt`);
  if (user !== undefined && !isName(user)) {
    throw wrong(at, "has a user that is not 1 to 128 bytes of text without control characters");
  }
  const capabilities = channels === undefined ? undefined : readChannels(channels, at);
  return { ...(user !== undefined && { user }), ...(capabilities && { channels: capabilities }), claims: {} };
}

function readChannels(channels: unknown, at: number): Capabilities {
  try {
    return compileCapabilities(channels);
  } catch (thrown) {
    if (isEitherwayError(thrown)) throw wrong(at, `is refused: ${thrown.message.replace(/\.$/, "")}`);
    throw thrown;
  }
}

function wrong(at: number, why: string): EitherwayError {
  return new EitherwayError("bad-request", `Option apiKeys[${at}] ${why}.`);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [at, byte] of one.entries()) difference |= byte ^ (other[at] ?? 0);
  return difference === 0;
}
