/** Tokens made by hand, right and wrong ones: by Node's own cryptography, not by what they are read with. */
import { createHmac, type KeyObject, sign } from "node:crypto";
import { isEitherwayError } from "../../../src/protocol/index.ts";

export const SECRET = "a secret of at least 32 bytes, planted here";

export function base64url(value: unknown): string {
  const bytes = typeof value === "string" ? value : Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return Buffer.from(bytes as string).toString("base64url");
}

/** Head and claims, as objects or as the very text. */
export function signedBy(signature: (input: string) => Buffer, header: unknown, claims: unknown): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${signature(input).toString("base64url")}`;
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
