/** Which key a token is checked with, and by which algorithms: the configured key decides both, never the token. */
import type { CryptoKey, JWK, JWTHeaderParameters } from "jose";
import { importJWK, importSPKI } from "jose/key/import";
import { EitherwayError, quote, utf8Length } from "../../protocol/index.ts";
import { createRemoteKeys } from "./remote-keys.ts";
import type { TokenClock } from "./token-clock.ts";

/** Ways to sign a token that are taken: HS256 with a secret, the others with a pair of keys. `Ed25519` is the newer name of `EdDSA`. */
export type TokenAlgorithm = "HS256" | "RS256" | "ES256" | "EdDSA" | "Ed25519";

/** Where the key is: exactly one of the three. */
export interface TokenKeyOptions {
  /** Shared with the issuer: at least 32 bytes (of UTF-8, where it is text). HS256. */
  readonly secret?: string | Uint8Array | undefined;
  /** The issuer's public key, as PEM (`BEGIN PUBLIC KEY`) or as a JWK: RSA of 2,048 bits or more, EC P-256 or Ed25519. */
  readonly publicKey?: string | JWK | undefined;
  /** Where the issuer's public keys are, as a JWKS: an http or https URL. */
  readonly jwks?: string | URL | undefined;
  /** Takes fewer algorithms than the key allows. */
  readonly algorithms?: readonly TokenAlgorithm[] | undefined;
}

export interface TokenKeys {
  readonly algorithms: readonly TokenAlgorithm[];
  /** Settles once the configured key is imported; keys at a URL are fetched for the first token. */
  ready(): Promise<void>;
  /** Keys that may have signed a token with this header; see {@link createRemoteKeys} for what it throws. */
  find(header: JWTHeaderParameters): Promise<readonly (CryptoKey | Uint8Array)[]>;
}

const MIN_SECRET_BYTES = 32; // as many as a hash of HS256 has (RFC 7518 section 3.2)
const MIN_RSA_BITS = 2_048; // RFC 7518 section 3.3

const WITH_SECRET: readonly TokenAlgorithm[] = ["HS256"];
const WITH_PAIR: readonly TokenAlgorithm[] = ["RS256", "ES256", "EdDSA", "Ed25519"];

/** All that are taken. */
export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = [...WITH_SECRET, ...WITH_PAIR];

/** @throws EitherwayError `bad-request` for options that name no key, or two, or one that cannot be used */
export function createTokenKeys(options: TokenKeyOptions, clock: TokenClock): TokenKeys {
  const { secret, publicKey, jwks } = options;
  const given = Object.entries({ secret, publicKey, jwks }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(" and ") || "none";
    throw new EitherwayError(
      "bad-request",
      `Tokens have ${names} to be checked with; give one of secret, publicKey, jwks.`,
    );
  }
  if (secret !== undefined) return secretKey(secret, choose(options, WITH_SECRET));
  if (publicKey !== undefined) return publicKeyOf(publicKey, choose(options, WITH_PAIR));
  return remoteKeys(String(jwks), choose(options, WITH_PAIR), clock);
}

function choose({ algorithms }: TokenKeyOptions, possible: readonly TokenAlgorithm[]): readonly TokenAlgorithm[] {
  if (algorithms === undefined) return possible;
  const wrong = algorithms.find((algorithm) => !possible.includes(algorithm));
  if (wrong === undefined && algorithms.length > 0) return algorithms;
  const has = wrong === undefined ? "is empty" : `has ${quote(String(wrong))}`;
  throw new EitherwayError(
    "bad-request",
    `Option algorithms ${has}; with this key give some of ${possible.join(", ")}.`,
  );
}

function secretKey(secret: string | Uint8Array, algorithms: readonly TokenAlgorithm[]): TokenKeys {
  if (typeof secret === "string" && secret.includes("-----BEGIN ")) {
    throw new EitherwayError(
      "bad-request",
      "The secret for tokens is a key in PEM, which others may know; give publicKey.",
    );
  }
  const length = typeof secret === "string" ? utf8Length(secret) : secret.length;
  if (length < MIN_SECRET_BYTES) {
    throw new EitherwayError(
      "bad-request",
      `The secret for tokens has ${length} bytes; give at least ${MIN_SECRET_BYTES} random ones (openssl rand -base64 48).`,
    );
  }
  const key = typeof secret === "string" ? new TextEncoder().encode(secret) : secret.slice();
  return { algorithms, ready: async () => {}, find: async () => [key] };
}

function remoteKeys(text: string, algorithms: readonly TokenAlgorithm[], clock: TokenClock): TokenKeys {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new EitherwayError("bad-request", "Option jwks is no http or https URL without user and password.");
  }
  const { find } = createRemoteKeys(url, clock);
  return { algorithms, ready: async () => {}, find };
}

function publicKeyOf(given: string | JWK, algorithms: readonly TokenAlgorithm[]): TokenKeys {
  if (typeof given === "string" ? !given.includes("-----BEGIN PUBLIC KEY-----") : !isPublic(given)) {
    throw wrongKey('is neither PEM with "BEGIN PUBLIC KEY" nor a public JWK');
  }
  const imported = importPublicKey(given, algorithms);
  imported.catch(() => {}); // told by whoever asks
  return {
    algorithms,
    ready: async () => void (await imported),
    async find({ alg }) {
      const { key, algorithms: fitting } = await imported;
      return fitting.includes(alg as TokenAlgorithm) ? [key] : [];
    },
  };
}

function isPublic({ kty, d }: JWK): boolean {
  return kty !== undefined && kty !== "oct" && d === undefined;
}

interface Imported {
  readonly key: CryptoKey;
  readonly algorithms: readonly TokenAlgorithm[];
}

/** PEM does not say what it is for: the algorithm that it can be imported for tells. */
async function importPublicKey(given: string | JWK, algorithms: readonly TokenAlgorithm[]): Promise<Imported> {
  for (const algorithm of algorithms) {
    const key = await importFor(given, algorithm).catch(() => undefined);
    if (!key) continue;
    const { name, modulusLength } = key.algorithm as { readonly name: string; readonly modulusLength?: number };
    if (modulusLength !== undefined && modulusLength < MIN_RSA_BITS) {
      throw wrongKey(`has ${modulusLength} bits and an RSA key needs ${MIN_RSA_BITS}`);
    }
    const isEdwards = name === "Ed25519";
    return { key, algorithms: isEdwards ? algorithms.filter((other) => other.startsWith("Ed")) : [algorithm] };
  }
  throw wrongKey(`is none for ${algorithms.join(", ")}`);
}

async function importFor(given: string | JWK, algorithm: TokenAlgorithm): Promise<CryptoKey> {
  if (typeof given === "string") return importSPKI(given, algorithm);
  if (given.alg !== undefined && given.alg !== algorithm) throw wrongKey("is for another algorithm");
  return (await importJWK(given, algorithm)) as CryptoKey; // bytes only come of kty oct
}

function wrongKey(why: string): EitherwayError {
  return new EitherwayError(
    "bad-request",
    `The public key for tokens ${why}; give an RSA, EC P-256 or Ed25519 public key (openssl pkey -pubout).`,
  );
}
