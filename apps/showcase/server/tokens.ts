/** Tokens that this server signs and takes: whoever shows one is the user in it. */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Authenticate } from "eitherway";
import { createTokenAuth, type TokenGrant } from "eitherway/tokens";
import { SignJWT } from "jose";

export interface Tokens {
  sign(user: string): Promise<Signed>;
  /** Rejects where the token is not good. */
  grantOf(token: string): Promise<TokenGrant>;
  /** For `eitherway`: nobody without a token. */
  readonly auth: Authenticate;
}

export interface Signed {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface TokensOptions {
  /** 32 bytes or more. Default: one of its own, so that tokens end with the server. */
  readonly secret?: Uint8Array;
  readonly lifeMs: number;
}

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;
const MS_PER_SECOND = 1_000;

export function createTokens({ secret = randomBytes(SECRET_BYTES), lifeMs }: TokensOptions): Tokens {
  const grantOf = createTokenAuth({ tokens: { secret } });

  return {
    async sign(user) {
      const now = Date.now();
      const expiresAt = now + lifeMs;
      // In fractions of a second: who logs in right after everything was revoked has a newer token.
      const token = await new SignJWT({ sub: user, jti: randomUUID(), iat: now / MS_PER_SECOND })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(new Date(expiresAt))
        .sign(secret);
      return { token, expiresAt };
    },
    grantOf,
    auth: ({ token }) => (token === undefined ? null : grantOf(token)),
  };
}

/** The secret in a file, which is made where there is none: who is logged in stays so when the server starts again. */
export function keepSecret(file: string): Uint8Array {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(SECRET_BYTES), { mode: OWNER_ONLY });
  }
  return readFileSync(file);
}
