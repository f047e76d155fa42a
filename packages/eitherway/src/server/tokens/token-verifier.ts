/** Signed tokens (JWT, RFC 7519): whether one is good, and what it grants. */
import type { JWTHeaderParameters, JWTPayload, JWTVerifyOptions } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { JOSEAlgNotAllowed, JWSSignatureVerificationFailed, JWTClaimValidationFailed, JWTExpired } from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { checkOptionNames } from "../../core/index.ts";
import { EitherwayError, isEitherwayError, quote } from "../../protocol/index.ts";
import { type Amount, readAmount } from "../amounts.ts";
import type { TokenGrant } from "../grant.ts";
import { readGrant, refused } from "./read-grant.ts";
import { HOST_CLOCK, type TokenClock } from "./token-clock.ts";
import { createTokenKeys, type TokenAlgorithm, type TokenKeyOptions } from "./token-keys.ts";

export interface TokenVerifierOptions extends TokenKeyOptions {
  /** Whom a token must be for: one of these in its claim `aud`. Without it a token that is for somebody is refused. */
  readonly audience?: string | readonly string[] | undefined;
  /** Who must have issued a token: its claim `iss` is one of these. Default: whoever has the key. */
  readonly issuer?: string | readonly string[] | undefined;
  /** How far the issuer's clock may be off, in milliseconds or as `"5s"`. Default: 5 s; at most 5 min. */
  readonly clockToleranceMs?: Amount | undefined;
  /** The claim that names the user. Default: `sub`. */
  readonly userClaim?: string | undefined;
}

export interface TokenVerifier {
  /**
   * What the token grants.
   *
   * @throws EitherwayError `unauthorized` for a token that never will be good, `token-expired` for one that was, `unavailable` where its
   * key cannot be had now. None repeats the token or what it claims.
   */
  verify(token: string): Promise<TokenGrant>;
  /** Settles once the configured key is at hand. Throws `bad-request` for one that cannot be used; `verify` does the same. */
  ready(): Promise<void>;
}

/** Longest token in characters: more fits into no header of a request. */
export const MAX_TOKEN_LENGTH = 8 * 1024;
const MAX_KID_LENGTH = 256;
const DEFAULT_TOLERANCE_MS = 5_000;
const MAX_TOLERANCE_MS = 5 * 60_000; // more hides a broken clock, and lengthens every token's life
const MS_PER_SECOND = 1_000;

const NAMES = [
  ...["secret", "publicKey", "jwks", "algorithms"],
  ...["audience", "issuer", "clockToleranceMs", "userClaim"],
];

/** Head, claims and signature. What is encrypted has five parts, what is unsigned an empty last one. */
const SIGNED = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * @throws EitherwayError `bad-request` for options that make no sense
 * @example
 * const tokens = createTokenVerifier({ secret: process.env.EITHERWAY_JWT_SECRET, audience: "chat" });
 * const { user, channels } = await tokens.verify(token);
 */
export function createTokenVerifier(options: TokenVerifierOptions, clock: TokenClock = HOST_CLOCK): TokenVerifier {
  checkOptionNames(options, NAMES, "option of tokens");
  const keys = createTokenKeys(options, clock);
  const audience = readList("audience", options.audience);
  const issuer = readList("issuer", options.issuer);
  const toleranceMs = readTolerance(options.clockToleranceMs);
  const { userClaim = "sub" } = options;

  async function verify(token: string): Promise<TokenGrant> {
    const header = readHeader(token, keys.algorithms);
    const now = clock.wall();
    const claims = await readClaims(token, await keys.find(header), {
      algorithms: [...keys.algorithms],
      clockTolerance: toleranceMs / MS_PER_SECOND,
      currentDate: new Date(now),
      ...(audience && { audience }),
      ...(issuer && { issuer }),
    });
    if (!audience && Object.hasOwn(claims, "aud")) {
      throw refused("is for an audience (aud) and this server has none set; set its option audience");
    }
    return readGrant(claims, { userClaim, toleranceMs, now });
  }

  return { verify, ready: keys.ready };
}

function readList(name: string, given: string | readonly string[] | undefined): string[] | undefined {
  if (given === undefined) return undefined;
  const list = typeof given === "string" ? [given] : [...given];
  if (list.length > 0 && list.every((item) => typeof item === "string" && item !== "")) return list;
  throw new EitherwayError(
    "bad-request",
    `Option ${name} has ${quote(String(given))}; give a text, or a list of some.`,
  );
}

function readTolerance(given: Amount | undefined): number {
  const ms = readAmount(given ?? DEFAULT_TOLERANCE_MS, "clockToleranceMs");
  if (ms >= 0 && ms <= MAX_TOLERANCE_MS) return ms;
  throw new EitherwayError("bad-request", `Option clockToleranceMs is ${ms}; give 0 to ${MAX_TOLERANCE_MS}.`);
}

/** What the token says of itself before anything of it is known to be true: only which key it asks for, within bounds. */
function readHeader(token: string, algorithms: readonly TokenAlgorithm[]): JWTHeaderParameters {
  if (token.length > MAX_TOKEN_LENGTH) {
    throw refused(`has ${token.length} characters and at most ${MAX_TOKEN_LENGTH} are taken`);
  }
  if (!SIGNED.test(token)) throw refused("is no signed JWT: three parts of base64url with dots between");
  const { alg, kid } = parseHeader(token);
  if (!algorithms.some((algorithm) => algorithm === alg)) {
    throw refused(`is not signed by an algorithm that is taken here: ${algorithms.join(", ")}`);
  }
  if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH)) {
    throw refused(`has a kid that is not text of at most ${MAX_KID_LENGTH} characters`);
  }
  return { alg: alg as TokenAlgorithm, ...(kid !== undefined && { kid }) };
}

function parseHeader(token: string): { readonly alg?: unknown; readonly kid?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw refused("has a head that is no JSON object");
  }
}

/** Several keys only where the token names none of an issuer's many. */
async function readClaims(
  token: string,
  keys: Awaited<ReturnType<ReturnType<typeof createTokenKeys>["find"]>>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (thrown) {
      if (!(thrown instanceof JWSSignatureVerificationFailed)) throw refusalOf(thrown);
    }
  }
  throw refused("has a signature that is not of this server's issuer");
}

/** Without a cause: those of `jose` hold the claims, and causes are logged. */
function refusalOf(thrown: unknown): EitherwayError {
  if (isEitherwayError(thrown)) return thrown;
  if (thrown instanceof JWTExpired) {
    return new EitherwayError("token-expired", "The token has expired; come back with a new one.");
  }
  if (thrown instanceof JWTClaimValidationFailed)
    return refused(CLAIM_REFUSALS[thrown.claim] ?? "has a claim that is wrong");
  if (thrown instanceof JOSEAlgNotAllowed) return refused("is signed by another algorithm than its key is for");
  return refused("is not a JWT that can be read");
}

const CLAIM_REFUSALS: Readonly<Record<string, string>> = {
  aud: "is for another audience (aud) than this server",
  iss: "is from another issuer (iss) than this server takes",
  nbf: "is not valid yet (nbf)",
  exp: "has an expiry (exp) that is no number",
  iat: "has a time of issue (iat) that is no number",
};
