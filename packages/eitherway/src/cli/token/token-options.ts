/** What flags and environment say of tokens and API keys: the same for the command that makes tokens and the server that takes them. */
import { isEitherwayError } from "../../protocol/index.ts";
import {
  type ApiKey,
  createApiKeys,
  createTokenVerifier,
  type TokenAuthOptions,
  type TokenKeyOptions,
  type TokenVerifierOptions,
} from "../../server/tokens/index.ts";
import { readFileOf } from "../files.ts";
import type { Flags, GivenFlags } from "../flags.ts";
import { asUsage, UsageError } from "../surroundings.ts";

/** What tokens are signed and checked with. */
export const TOKEN_FLAGS: Flags = {
  "jwt-secret": {
    value: "TEXT",
    help: "secret of HS256, 32 bytes or more; the environment shows it to fewer",
    mirrored: true,
  },
  "jwt-public-key": { value: "FILE", help: "the issuer's public key, PEM or JWK: RS256, ES256, EdDSA", mirrored: true },
  jwks: { value: "URL", help: "where the issuer's public keys are", mirrored: true },
  "jwt-audience": { value: "NAME", many: true, help: "whom a token is for (aud); repeatable", mirrored: true },
  "jwt-issuer": { value: "NAME", many: true, help: "who issued it (iss); repeatable", mirrored: true },
};

/** What a server needs besides. */
export const API_KEY_FLAGS: Flags = {
  "api-keys": { value: "FILE", help: 'keys of servers, as JSON: [{"key":…,"user":…,"channels":{…}}]', mirrored: true },
};

/**
 * Who may use a server; `undefined` where nothing is said of that. Files are read and keys looked at, so that a server that starts can
 * tell who somebody is. Throws `UsageError`, without any secret in it.
 */
export async function readTokenOptions(flags: GivenFlags): Promise<TokenAuthOptions | undefined> {
  const tokens = await readVerifierOptions(flags);
  const apiKeys = await readApiKeys(flags.text("api-keys"));
  if (!tokens && !apiKeys) return undefined;
  return { ...(tokens && { tokens }), ...(apiKeys && { apiKeys }) };
}

/** How tokens are checked; `undefined` where no key is given. Throws `UsageError`. */
export async function readVerifierOptions(flags: GivenFlags): Promise<TokenVerifierOptions | undefined> {
  const [secret, file, jwks] = [flags.text("jwt-secret"), flags.text("jwt-public-key"), flags.text("jwks")];
  const names = ["jwt-secret", "jwt-public-key", "jwks"].filter((name) => flags.text(name) !== undefined);
  if (names.length > 1) throw new UsageError(`Give one of --${names.join(", --")}: a token has one issuer.`);
  const [audience, issuer] = [flags.texts("jwt-audience"), flags.texts("jwt-issuer")];
  const options: TokenVerifierOptions = {
    ...(secret !== undefined && { secret }),
    ...(file !== undefined && { publicKey: await readPublicKey(file) }),
    ...(jwks !== undefined && { jwks }),
    ...(audience.length > 0 && { audience }),
    ...(issuer.length > 0 && { issuer }),
  };
  if (names.length === 0) {
    const [stray] = ["jwt-audience", "jwt-issuer"].filter((name) => flags.texts(name).length > 0);
    if (stray) throw new UsageError(`--${stray} is about tokens, and no key is given to check them with.`);
    return undefined;
  }
  const verifier = asUsage(() => createTokenVerifier(options));
  await verifier.ready().catch(throwAsUsage);
  return options;
}

type PublicKey = Exclude<TokenKeyOptions["publicKey"], undefined>;

async function readPublicKey(file: string): Promise<PublicKey> {
  const text = await readFileOf("jwt-public-key", file);
  return text.trimStart().startsWith("{") ? (readJson("jwt-public-key", text) as PublicKey) : text;
}

async function readApiKeys(file: string | undefined): Promise<readonly ApiKey[] | undefined> {
  if (file === undefined) return undefined;
  const keys = readJson("api-keys", await readFileOf("api-keys", file)) as readonly ApiKey[];
  asUsage(() => createApiKeys(keys)); // which checks every one
  return keys;
}

function readJson(flag: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`The file of --${flag} is not JSON.`); // the parser's own sentence quotes what may be secret
  }
}

/** For promises what `asUsage` is for calls. */
export function throwAsUsage(thrown: unknown): never {
  if (isEitherwayError(thrown)) throw new UsageError(thrown.message, { cause: thrown });
  throw thrown;
}
