/** Reads what a token grants from its claims. */
import { checkKey, EitherwayError, isEitherwayError } from "../../protocol/index.ts";
import { compileCapabilities } from "../capabilities.ts";
import type { TokenGrant } from "../grant.ts";

/** How the claims are read. */
export interface ClaimRules {
  /** The claim that names the user. */
  readonly userClaim: string;
  readonly toleranceMs: number;
  /** Now, in milliseconds since 1970. */
  readonly now: number;
}

const MS_PER_SECOND = 1_000;
/** The last moment that a `Date` can say. */
const LAST_MS = 8.64e15;

/**
 * The claims of a token whose signature and expiry are checked already.
 *
 * @throws EitherwayError `unauthorized` for a claim that is of the wrong kind, and for a token of the future
 */
export function readGrant(claims: Readonly<Record<string, unknown>>, rules: ClaimRules): TokenGrant {
  const { userClaim, toleranceMs, now } = rules;
  const user = readName(claims, userClaim);
  const tokenId = readName(claims, "jti");
  const issuedAt = readTime(claims, "iat");
  const expiry = readTime(claims, "exp");
  const channels = own(claims, "channels");
  if (issuedAt !== undefined && issuedAt > now + toleranceMs) {
    throw refused("was issued in the future (iat); the clocks of its issuer and of this server differ");
  }
  return {
    ...(user !== undefined && { user }),
    ...(tokenId !== undefined && { tokenId }),
    ...(issuedAt !== undefined && { issuedAt }),
    ...(expiry !== undefined && { expiresAt: expiry + toleranceMs }),
    ...(channels !== undefined && { channels: compileCapabilities(channels) }),
    claims,
  };
}

/** A name that goes into messages and revocations: 1 to 128 bytes of Unicode text without control characters. */
export function isName(value: unknown): value is string {
  if (typeof value !== "string") return false;
  try {
    checkKey(value); // the same rule
    return true;
  } catch (thrown) {
    if (isEitherwayError(thrown)) return false;
    throw thrown;
  }
}

/** Says what is wrong with a token without repeating what is in it. */
export function refused(why: string): EitherwayError {
  return new EitherwayError("unauthorized", `The token ${why}.`);
}

function readName(claims: Readonly<Record<string, unknown>>, claim: string): string | undefined {
  const value = own(claims, claim);
  if (value === undefined || isName(value)) return value;
  throw refused(`has a claim ${claim} that is not 1 to 128 bytes of text without control characters`);
}

function readTime(claims: Readonly<Record<string, unknown>>, claim: string): number | undefined {
  const value = own(claims, claim);
  if (value === undefined) return undefined;
  const ms = typeof value === "number" ? Math.floor(value * MS_PER_SECOND) : Number.NaN;
  if (Math.abs(ms) <= LAST_MS) return ms;
  throw refused(`has a claim ${claim} that is no time in seconds since 1970`);
}

/** Claims come from outside: `constructor` is one only where the token has it. */
function own(claims: Readonly<Record<string, unknown>>, claim: string): unknown {
  return Object.hasOwn(claims, claim) ? claims[claim] : undefined;
}
