/** Who somebody is: a name is enough here, and the same on another device, where an application has passwords or an identity provider. */
import type { Authenticate } from "eitherway";
import { createTokens } from "../server/tokens.ts";

export interface Login {
  /** A token for somebody of this name. `undefined`: it is none. */
  tokenFor(name: unknown): Promise<string | undefined>;
  /** For `eitherway`. */
  readonly auth: Authenticate;
  /** Of a request with `Authorization: Bearer …`. Rejects where the token is not good. `undefined`: nobody. */
  userOf(authorization: string | undefined): Promise<string | undefined>;
}

/** Goes into channel names and storage keys. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,31}$/u;
/** So long a token lives, and the memory of who logged out. */
export const LIFE_MS = 60 * 60 * 1_000;

/** Tokens end with the server. */
export function createLogin(): Login {
  const { sign, grantOf, auth } = createTokens({ lifeMs: LIFE_MS });

  return {
    async tokenFor(name) {
      if (typeof name !== "string" || !NAME.test(name)) return undefined;
      return (await sign(name.normalize())).token;
    },
    auth,
    async userOf(authorization = "") {
      const [, token] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
      return token === undefined ? undefined : (await grantOf(token)).user;
    },
  };
}
