/** Reads what requests carry: UTF-8 bodies, queries, header text. Refuses with a typed error instead of guessing. */
import type { HttpExchange, Hub, Identity } from "../core/index.ts";
import { type ClientFrame, EitherwayError, type HelloFrame, jsonServerCodec, quote } from "../protocol/index.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // a byte order mark is part of the text

/** Bytes as text. Throws `bad-utf8`. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new EitherwayError("bad-utf8", `${what} is not valid UTF-8; encode the text as UTF-8.`, { cause });
  }
}

/** The whole body as text, at most `limits.frameBytes`. */
export async function readText(hub: Hub, exchange: HttpExchange): Promise<string> {
  return decodeUtf8(await exchange.body(hub.limits.frameBytes), "The request body");
}

/** A body that is one hello frame. */
export async function readHello(hub: Hub, exchange: HttpExchange): Promise<HelloFrame> {
  return asHello(jsonServerCodec.readClient(await readText(hub, exchange)));
}

export function asHello(frame: ClientFrame): HelloFrame {
  if (frame.t === "hello") return frame;
  throw new EitherwayError(
    "bad-frame",
    `The first frame is ${quote(frame.t)}; start with {"t":"hello","v":1,"client":"…"}.`,
  );
}

/** Stands for the client of a request that has none: nobody who comes by a plain door has a link. */
export const HTTP_CLIENT = "http";

/** Who asks: by the token of a hello, or else of the header `authorization`. Throws, or rejects with, what `hub.identify` does. */
export function identify(
  hub: Hub,
  exchange: HttpExchange,
  client: string,
  token = bearerOf(exchange),
): Identity | Promise<Identity> {
  return hub.identify({ client, token, remote: exchange.remote, header: (name) => exchange.header(name) });
}

const BEARER = /^Bearer +([^ ]+)$/i;

export function bearerOf(exchange: HttpExchange): string | undefined {
  return BEARER.exec(exchange.header("authorization") ?? "")?.[1];
}

/** Query parameters by name, in order. Throws `bad-request` for escapes that are no UTF-8. */
export function readQuery(query: string): ReadonlyMap<string, readonly string[]> {
  const read = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = decodePercent(at < 0 ? pair : pair.slice(0, at), true);
    const value = at < 0 ? "" : decodePercent(pair.slice(at + 1), true);
    const values = read.get(name);
    if (values) values.push(value);
    else read.set(name, [value]);
  }
  return read;
}

/** The one value of a parameter. Throws `bad-request` when it is given twice. */
export function single(query: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const values = query.get(name);
  if (values && values.length > 1) {
    throw new EitherwayError("bad-request", `Parameter ${name} is given ${values.length} times; give it once.`);
  }
  return values?.[0];
}

/** A whole number from `least` to `most`, or `otherwise` where the parameter is missing. Throws `bad-request`. */
export function wholeNumber(
  query: ReadonlyMap<string, readonly string[]>,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = single(query, name);
  if (text === undefined) return otherwise;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new EitherwayError(
      "bad-request",
      `Parameter ${name} is ${quote(text)}; give a whole number from ${least} to ${most}.`,
    );
  }
  return value;
}

/** Undoes percent-encoding (and `+` for a space in queries). Throws `bad-request`. */
export function decodePercent(text: string, plusIsSpace = false): string {
  try {
    return decodeURIComponent(plusIsSpace ? text.replaceAll("+", " ") : text);
  } catch (cause) {
    throw new EitherwayError("bad-request", `${quote(text)} is not percent-encoded UTF-8; encode % as %25.`, { cause });
  }
}

const NOT_ASCII = /[^\u0020-\u007e]/;

/** A header as text. Platforms hand its bytes over one a character; what people send in them is UTF-8. */
export function headerText(exchange: HttpExchange, name: string): string | undefined {
  const raw = exchange.header(name);
  if (raw === undefined || !NOT_ASCII.test(raw)) return raw;
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  return decodeUtf8(bytes, `Header ${name}`);
}
