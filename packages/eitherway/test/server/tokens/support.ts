/** Tokens made by hand, right and wrong ones: by Node's own cryptography, not by what they are read with. */
import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from "node:crypto";
import { isEitherwayError } from "../../../src/protocol/index.ts";
import {
  createTokenVerifier,
  type TokenGrant,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "../../../src/server/tokens/index.ts";
import { createFakeClock } from "../../../src/testing/index.ts";
import { plant } from "../../support/witness.ts";

export const SECRET = "a secret of at least 32 bytes, planted here";

export function base64url(value: unknown): string {
  const bytes = typeof value === "string" ? value : Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return Buffer.from(bytes as string).toString("base64url");
}

/** Head and claims, as objects or as the very text. */
export function signedBy(signature: (input: string) => Buffer, header: unknown, claims: unknown): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return plant(`${input}.${signature(input).toString("base64url")}`);
}

export const hmac =
  (key: string | Buffer = SECRET, hash = "sha256") =>
  (input: string): Buffer =>
    createHmac(hash, key).update(input).digest();

export const rsa =
  (key: KeyObject) =>
  (input: string): Buffer =>
    sign("sha256", Buffer.from(input), key);

export const ecdsa =
  (key: KeyObject) =>
  (input: string): Buffer =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });

export const edwards =
  (key: KeyObject) =>
  (input: string): Buffer =>
    sign(null, Buffer.from(input), key);

/** A token of the secret above. */
export function token(claims: unknown, header: unknown = { alg: "HS256", typ: "JWT" }): string {
  return signedBy(hmac(), header, claims);
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** How something was refused; rejects when it was not, or not by an error of ours. */
export async function refusal(asked: Promise<unknown>): Promise<Refusal> {
  const outcome = await asked.then(
    (value) => new Error(`not refused: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (isEitherwayError(outcome)) return outcome;
  throw outcome;
}

const clock = createFakeClock();
/** Seconds since 1970 by the clock of the verifiers below. */
export const NOW = clock.wall() / 1_000;

export function verifier(options: TokenVerifierOptions = { secret: SECRET }): TokenVerifier {
  return createTokenVerifier(options, clock);
}

export function verify(text: string, options?: TokenVerifierOptions): Promise<TokenGrant> {
  return verifier(options).verify(text);
}

export const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const EC = generateKeyPairSync("ec", { namedCurve: "P-256" });
export const ED = generateKeyPairSync("ed25519");

export const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
export const jwk = (key: KeyObject): JsonWebKey => key.export({ format: "jwk" });
