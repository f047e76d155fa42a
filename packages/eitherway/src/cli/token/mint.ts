/** Makes a token, and makes sure that a server with the same settings takes it. */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from "node:crypto";
import { SignJWT } from "jose/jwt/sign";
import { readAmount } from "../../server/index.ts";
import { createTokenVerifier, type TokenKeyOptions } from "../../server/tokens/index.ts";
import { readFileOf } from "../files.ts";
import type { Flags, GivenFlags } from "../flags.ts";
import { asUsage, UsageError } from "../surroundings.ts";
import { throwAsUsage } from "./token-options.ts";

export const MINT_FLAGS: Flags = {
  user: { value: "NAME", help: "whose token it is (sub); default nobody's in particular" },
  channels: { value: "CHANNELS", help: "what it may do where, as JSON or @FILE; default: it does not say" },
  expires: { value: "TIME", help: "for how long it is good; default 1h" },
  "jwt-private-key": {
    value: "FILE",
    help: "signs with a private key, PEM or JWK: RSA, P-256, Ed25519",
    mirrored: true,
  },
};

const DEFAULT_EXPIRES = "1h";
const MS_PER_SECOND = 1_000;

/** What a token is signed with, and how it is checked. */
interface Signer {
  readonly alg: string;
  readonly kid?: string;
  readonly key: KeyObject | Uint8Array;
  readonly check: TokenKeyOptions;
}

/** Throws `UsageError` where the flags make no token that would be taken. */
export async function mint(flags: GivenFlags): Promise<string> {
  const signer = await readSigner(flags);
  const [audience, [issuer, ...others]] = [flags.texts("jwt-audience"), flags.texts("jwt-issuer")];
  if (others.length > 0) throw new UsageError("A token has one issuer; give --jwt-issuer once.");
  const user = flags.text("user");
  const channels = await readChannels(flags.text("channels"));
  const now = Math.floor(Date.now() / MS_PER_SECOND);
  const claims = {
    ...(user !== undefined && { sub: user }),
    ...(channels !== undefined && { channels }),
    ...(issuer !== undefined && { iss: issuer }),
    ...(audience.length > 0 && { aud: audience.length === 1 ? audience[0] : [...audience] }),
    jti: randomUUID(),
    iat: now,
    exp: now + readSeconds(flags.text("expires") ?? DEFAULT_EXPIRES),
  };
  const { alg, kid, key, check } = signer;
  const verifier = asUsage(() => createTokenVerifier({ ...check, ...(audience.length > 0 && { audience }) }));
  await verifier.ready().catch(throwAsUsage); // a key that is too weak
  const header = { alg, typ: "JWT", ...(kid !== undefined && { kid }) };
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key);
  await verifier.verify(token).catch(throwAsUsage);
  return token;
}

async function readSigner(flags: GivenFlags): Promise<Signer> {
  const [secret, file] = [flags.text("jwt-secret"), flags.text("jwt-private-key")];
  if (file !== undefined && secret !== undefined) {
    throw new UsageError("Give --jwt-secret or --jwt-private-key, not both: a token has one signature.");
  }
  if (secret !== undefined) return { alg: "HS256", key: new TextEncoder().encode(secret), check: { secret } };
  if (file !== undefined) return signerOf(await readFileOf("jwt-private-key", file));
  throw new UsageError(
    "There is nothing to sign with; give --jwt-private-key FILE, or a secret in EITHERWAY_JWT_SECRET or --jwt-secret.",
  );
}

function signerOf(text: string): Signer {
  const { key, kid } = readPrivateKey(text);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  const alg = ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? ""];
  if (alg !== undefined) return { alg, key, check: { publicKey }, ...(kid !== undefined && { kid }) };
  throw new UsageError(
    "The key of --jwt-private-key is of a kind that no server takes; give RSA, EC P-256 or Ed25519.",
  );
}

const ALGORITHMS: Readonly<Record<string, string>> = { rsa: "RS256", prime256v1: "ES256", ed25519: "EdDSA" };

function readPrivateKey(text: string): { readonly key: KeyObject; readonly kid?: string } {
  try {
    if (!text.trimStart().startsWith("{")) return { key: createPrivateKey(text) };
    const jwk = JSON.parse(text) as { readonly kid?: unknown };
    return { key: createPrivateKey({ key: jwk, format: "jwk" }), ...(typeof jwk.kid === "string" && { kid: jwk.kid }) };
  } catch {
    // Without the cause, which may quote what is secret.
    throw new UsageError(
      "The file of --jwt-private-key has no private key in PEM or as JWK, or one with a passphrase.",
    );
  }
}

async function readChannels(given: string | undefined): Promise<unknown> {
  if (given === undefined) return undefined;
  const text = given.startsWith("@") ? await readFileOf("channels", given.slice(1)) : given;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--channels is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function readSeconds(text: string): number {
  const seconds = Math.floor(asUsage(() => readAmount(text, "--expires", "ms")) / MS_PER_SECOND);
  if (seconds > 0) return seconds;
  throw new UsageError(`--expires is ${JSON.stringify(text)}; give a second or more, such as 1h.`);
}
