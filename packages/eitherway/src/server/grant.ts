/** What a token says of whoever shows it. */
import type { Capabilities } from "./capabilities.ts";

export interface Grant {
  /** Who it is. Default: nobody in particular; presence and keys then go by the client's id. */
  readonly user?: string | undefined;
  /** Its own id, by which it can be revoked. */
  readonly tokenId?: string | undefined;
  /** Milliseconds since 1970. A revocation of the user spares what was issued later. Default: it takes all. */
  readonly issuedAt?: number | undefined;
  /** Milliseconds since 1970 at which links with it end. The client is told 30 s before. Default: never. */
  readonly expiresAt?: number | undefined;
  /** What it allows, by patterns: `{ "room/*": ["subscribe", "publish"], "news/**": ["*"] }`. Default: `authorize` decides alone. */
  readonly channels?: Capabilities | Readonly<Record<string, readonly string[]>> | undefined;
}

/** What a JWT or an API key says. */
export interface TokenGrant extends Grant {
  /** Until when it is taken: the claim `exp` and the clock tolerance. */
  readonly expiresAt?: number;
  readonly channels?: Capabilities;
  /** Every claim of the token as it is, checked by signature alone; empty for an API key. */
  readonly claims: Readonly<Record<string, unknown>>;
}
