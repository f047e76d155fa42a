/** Who somebody is: a name is enough here, and the same on another device, where an application has passwords or an identity provider. */
import { randomBytes, randomUUID } from "node:crypto";
import { createTokenAuth, type TokenGrant } from "eitherway/tokens";
import { SignJWT } from "jose";

export interface Login {
  /** A token for somebody of this name. `undefined`: it is none. */
  tokenFor(name: unknown): Promise<string | undefined>;
  /** For `eitherway({ auth })`. `null`: nobody. */
  auth(request: { readonly token: string | undefined }): Promise<TokenGrant | null>;
  /** Of a request with `Authorization: Bearer …`. Rejects where the token is not good. `undefined`: nobody. */
  userOf(authorization: string | undefined): Promise<string | undefined>;
}

/** Goes into channel names and storage keys. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,31}$/u;
const TOKEN_LIFE = "1h";
const SECRET_BYTES = 32;
const MS_PER_SECOND = 1_000;

/** With a key of its own: tokens end with the server. */
export function createLogin(): Login {
  const secret = randomBytes(SECRET_BYTES);
  const grantOf = createTokenAuth({ tokens: { secret } });

  return {
    async tokenFor(name) {
      if (typeof name !== "string" || !NAME.test(name)) return undefined;
      // In fractions of a second: who logs in right after everything was revoked has a newer token.
      return new SignJWT({ sub: name.normalize(), jti: randomUUID(), iat: Date.now() / MS_PER_SECOND })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(TOKEN_LIFE)
        .sign(secret);
    },
    auth: async ({ token }) => (token === undefined ? null : grantOf(token)),
    async userOf(authorization = "") {
      const [, token] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
      return token === undefined ? undefined : (await grantOf(token)).user;
    },
  };
}
