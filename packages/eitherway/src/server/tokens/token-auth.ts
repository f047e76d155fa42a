/** Tokens and API keys as one: what a server does with the text that somebody shows. */
import { checkOptionNames } from "../../core/index.ts";
import { EitherwayError } from "../../protocol/index.ts";
import type { TokenGrant } from "../grant.ts";
import { type ApiKey, createApiKeys } from "./api-keys.ts";
import { refused } from "./read-grant.ts";
import { HOST_CLOCK, type TokenClock } from "./token-clock.ts";
import { createTokenVerifier, MAX_TOKEN_LENGTH, type TokenVerifierOptions } from "./token-verifier.ts";

export interface TokenAuthOptions {
  readonly tokens?: TokenVerifierOptions | undefined;
  readonly apiKeys?: readonly ApiKey[] | undefined;
}

/** What a text grants, or else why not; see `TokenVerifier.verify`. */
export type TokenAuth = (token: string) => Promise<TokenGrant>;

/**
 * @throws EitherwayError `bad-request` for options that make no sense
 * @example
 * const grantOf = createTokenAuth({ tokens: { jwks: "https://id.example/jwks", audience: "chat" }, apiKeys: [{ key }] });
 */
export function createTokenAuth(options: TokenAuthOptions, clock: TokenClock = HOST_CLOCK): TokenAuth {
  checkOptionNames(options, ["tokens", "apiKeys"], "option of createTokenAuth()");
  const { tokens, apiKeys } = options;
  if (!tokens && !apiKeys) {
    throw new EitherwayError("bad-request", "There is nothing to tell who somebody is; give tokens, apiKeys or both.");
  }
  const verifier = tokens && createTokenVerifier(tokens, clock);
  const keys = apiKeys && createApiKeys(apiKeys);
  return async (token) => {
    const grant = token.length <= MAX_TOKEN_LENGTH ? await keys?.find(token) : undefined;
    if (grant) return grant;
    if (verifier) return verifier.verify(token);
    throw refused("is none of the API keys of this server");
  };
}
