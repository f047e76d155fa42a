/** What a token or an API key says of whoever shows it. */
import type { Capabilities } from "./capabilities.ts";

export interface Grant {
  /** Who it is; absent: nobody in particular. */
  readonly user?: string;
  /** The claim `jti`, by which one token can be revoked. */
  readonly tokenId?: string;
  /** The claim `iat`, in milliseconds since 1970. */
  readonly issuedAt?: number;
  /** Until when it is taken, in milliseconds since 1970: the claim `exp` and the clock tolerance. Absent: for good. */
  readonly expiresAt?: number;
  /** Absent: it does not say, and whoever takes it decides. */
  readonly channels?: Capabilities;
  /** Every claim of the token as it is, checked by signature alone; empty for an API key. */
  readonly claims: Readonly<Record<string, unknown>>;
}
