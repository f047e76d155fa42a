/** What a token says, in words: for people who wonder why it is refused, or what it allows. */
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { decodeJwt } from "jose/jwt/decode";
import { isEitherwayError } from "../../protocol/index.ts";
import {
  compileCapabilities,
  createTokenVerifier,
  TOKEN_ALGORITHMS,
  type TokenVerifierOptions,
} from "../../server/tokens/index.ts";
import { printable } from "../printable.ts";

export interface Explanation {
  readonly lines: readonly string[];
  /** Whether a server would not take it, as far as can be told. */
  readonly isWrong: boolean;
}

type Claims = Readonly<Record<string, unknown>>;

const LABEL_WIDTH = "Not before".length + 2;
/** Claims with a line of their own. */
const NAMED = ["sub", "jti", "iss", "aud", "iat", "nbf", "exp", "channels"];

/** @param options how it is checked; without them its signature is not */
export async function explain(token: string, options: TokenVerifierOptions | undefined): Promise<Explanation> {
  const parts = decode(token);
  const fault = options ? await faultOf(token, options) : parts ? visibleFault(parts) : NO_TOKEN;
  const verdict = fault ?? (options ? "The token is good: a server with these settings takes it." : UNCHECKED);
  const lines = [...(parts ? [...partLines(parts), ""] : []), verdict, ...(parts ? notesOn(parts.claims) : [])];
  if (fault !== undefined && !options && parts) lines.push(UNCHECKED);
  return { lines: lines.map(printable), isWrong: fault !== undefined };
}

const NO_TOKEN = "This is no signed JWT: three parts of base64url with dots between, the first two JSON objects.";
const UNCHECKED = "The signature was not checked: give --jwt-secret, --jwt-public-key or --jwks.";

interface Parts {
  readonly header: Claims;
  readonly claims: Claims;
}

function decode(token: string): Parts | undefined {
  try {
    return { header: { ...decodeProtectedHeader(token) }, claims: decodeJwt(token) };
  } catch {
    return undefined;
  }
}

async function faultOf(token: string, options: TokenVerifierOptions): Promise<string | undefined> {
  try {
    await createTokenVerifier(options).verify(token);
    return undefined;
  } catch (thrown) {
    if (!isEitherwayError(thrown)) throw thrown;
    const cause = thrown.cause instanceof Error ? ` ${thrown.cause.message}` : ""; // of keys that cannot be had
    return `Refused (${thrown.code}): ${thrown.message}${cause}`;
  }
}

const MS_PER_SECOND = 1_000;

/** What can be told without a key. */
function visibleFault({ header: { alg }, claims: { exp, nbf, channels } }: Parts): string | undefined {
  if (!TOKEN_ALGORITHMS.some((known) => known === alg)) {
    return `Refused (unauthorized): The token is signed by no algorithm that is taken: ${TOKEN_ALGORITHMS.join(", ")}.`;
  }
  const now = Date.now() / MS_PER_SECOND;
  if (typeof exp === "number" && exp <= now) return "Refused (token-expired): The token has expired.";
  if (typeof nbf === "number" && nbf > now) return "Refused (unauthorized): The token is not valid yet.";
  const why = channels === undefined ? undefined : refusalOfChannels(channels);
  return why && `Refused (unauthorized): ${why}`;
}

function partLines({ header, claims }: Parts): string[] {
  const others = Object.fromEntries(Object.entries(claims).filter(([name]) => !NAMED.includes(name)));
  return [
    row("Header", JSON.stringify(header)),
    row("User", "sub" in claims ? asText(claims.sub) : "nobody in particular (no sub)"),
    ...optional("Token id", claims.jti, asText),
    ...optional("Issuer", claims.iss, asText),
    ...optional("Audience", claims.aud, (aud) => (Array.isArray(aud) ? aud.map(asText).join(", ") : asText(aud))),
    ...optional("Issued", claims.iat, asTime),
    ...optional("Not before", claims.nbf, asTime),
    row("Expires", "exp" in claims ? asTime(claims.exp) : "never (no exp)"),
    ...channelRows(claims.channels),
    ...(Object.keys(others).length > 0 ? [row("Other", JSON.stringify(others))] : []),
  ];
}

function channelRows(channels: unknown): string[] {
  if (channels === undefined) return [row("Channels", "it does not say (no channels)")];
  if (refusalOfChannels(channels) !== undefined) return [row("Channels", JSON.stringify(channels))];
  const entries = Object.entries(channels as Readonly<Record<string, readonly string[]>>);
  if (entries.length === 0) return [row("Channels", "none")];
  return entries.map(([pattern, actions], at) =>
    row(at === 0 ? "Channels" : "", `${pattern}: ${actionsText(actions)}`),
  );
}

function actionsText(actions: readonly string[]): string {
  if (actions.includes("*")) return "everything";
  return actions.length > 0 ? actions.join(", ") : "nothing";
}

function refusalOfChannels(channels: unknown): string | undefined {
  try {
    compileCapabilities(channels);
    return undefined;
  } catch (thrown) {
    if (isEitherwayError(thrown)) return thrown.message;
    throw thrown;
  }
}

/** What is not wrong and yet seldom meant. */
function notesOn({ exp, channels }: Claims): string[] {
  const patterns = typeof channels === "object" && channels !== null ? Object.keys(channels) : [];
  const starred = patterns.find((pattern) => pattern.split("/").some((part) => /[^*]\*|\*[^*]|\*{3}/.test(part)));
  return [
    ...(exp === undefined ? ["Note: it never expires, so only revoking it ends it."] : []),
    ...(starred === undefined ? [] : [`Note: * stands for a whole segment only; in ${starred} it is a character.`]),
  ];
}

function row(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

function optional(label: string, value: unknown, tell: (value: unknown) => string): string[] {
  return value === undefined ? [] : [row(label, tell(value))];
}

/** On one line, whatever is in it. */
function asText(value: unknown): string {
  return typeof value === "string" && !/\p{Cc}/u.test(value) ? value : JSON.stringify(value);
}

/** The longest first; each is used from one of it on. */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;
const IN_WORDS = new Intl.RelativeTimeFormat("en");

function asTime(value: unknown): string {
  const date = new Date(typeof value === "number" ? value * MS_PER_SECOND : Number.NaN);
  if (Number.isNaN(date.getTime())) return `${asText(value)}, which is no time in seconds since 1970`;
  const seconds = Math.round((date.getTime() - Date.now()) / MS_PER_SECOND);
  const [unit, length] = UNITS.find((candidate) => Math.abs(seconds) >= candidate[1]) ?? UNITS[3];
  return `${date.toISOString()}, ${IN_WORDS.format(Math.round(seconds / length), unit)}`;
}
