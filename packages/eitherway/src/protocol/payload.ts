/** Payloads: what a message carries. The server checks a payload once on entry and never looks inside again. */
import { EitherwayError } from "./errors.ts";
import { isUnicode, utf8Length } from "./utf8.ts";

/** JSON text, plain text or bytes, as stored. */
export type Payload =
  | { readonly kind: "json"; readonly data: string }
  | { readonly kind: "text"; readonly data: string }
  | { readonly kind: "bytes"; readonly data: Uint8Array };

/** Deepest nesting of JSON that is taken. Parsers of other languages, and recursive readers, fail far above it. */
export const MAX_JSON_DEPTH = 128;

/**
 * The payload of a value of ours. Strings and bytes are payloads of their own kind only by {@link textPayload} and
 * {@link bytesPayload}; here everything is JSON.
 *
 * @throws EitherwayError `bad-json` for what JSON cannot say (undefined, functions, cycles, bigint)
 */
export function jsonPayload(value: unknown): Payload {
  let text: string | undefined;
  let why: unknown = `it is a ${typeof value}`;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    why = thrown;
  }
  if (text === undefined) throw new EitherwayError("bad-json", `This cannot be written as JSON: ${String(why)}.`);
  return { kind: "json", data: text };
}

/** The payload of JSON text that came from outside: parsed once, kept as it came. Throws `bad-json`. */
export function parsedJsonPayload(text: string): Payload & { readonly kind: "json" } {
  checkJsonDepth(text);
  try {
    JSON.parse(text);
  } catch (thrown) {
    throw new EitherwayError("bad-json", `The payload is not JSON${faultIn(thrown)}; write it with JSON.stringify.`);
  }
  return { kind: "json", data: text };
}

/** Where the engine says that JSON goes wrong. The rest of its sentence, and so the cause, quotes what came: that may be a secret. */
function faultIn(thrown: unknown): string {
  const [place] = / at position [0-9]{1,9}/.exec(String(thrown)) ?? [];
  return place === undefined ? "" : `, wrong${place}`;
}

/** A payload of plain text. Throws `bad-utf8` for text with half of a surrogate pair, which UTF-8 cannot carry. */
export function textPayload(text: string): Payload {
  if (!isUnicode(text)) {
    throw new EitherwayError("bad-utf8", "The text has half of a surrogate pair, which is no Unicode.");
  }
  return { kind: "text", data: text };
}

/**
 * The payload of what an application publishes: bytes for a Uint8Array, JSON for anything else, unless `kind` says otherwise.
 * Bytes are copied, since the caller may reuse its buffer.
 *
 * @throws EitherwayError `bad-request` where kind and value do not fit, besides what the kind itself refuses
 */
export function valuePayload(value: unknown, kind?: Payload["kind"]): Payload {
  const wanted = kind ?? (value instanceof Uint8Array ? "bytes" : "json");
  if (wanted === "json") return jsonPayload(value);
  if (wanted === "text" && typeof value === "string") return textPayload(value);
  if (wanted === "bytes" && value instanceof Uint8Array) return bytesPayload(new Uint8Array(value));
  throw new EitherwayError(
    "bad-request",
    `A ${typeof value} is no payload of kind ${JSON.stringify(wanted)}; text takes a string, bytes a Uint8Array, json the rest.`,
  );
}

export function bytesPayload(bytes: Uint8Array): Payload {
  return { kind: "bytes", data: bytes };
}

/** Payloads of one kind, at least one, as one: texts and bytes one behind the other. */
export function joinPayloads(payloads: readonly Payload[]): Payload {
  const { kind } = payloads[0] as Payload;
  if (kind === "bytes") return { kind, data: joinBytes(payloads.map(({ data }) => data as Uint8Array)) };
  return { kind, data: payloads.map(({ data }) => data).join("") };
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Size in bytes as stored and limited: UTF-8 bytes of text, or the bytes themselves. */
export function payloadBytes(payload: Payload): number {
  return payload.kind === "bytes" ? payload.data.length : utf8Length(payload.data);
}

/**
 * Refuses JSON that nests deeper than `most` levels, before a parser sees it. Throws `bad-json`.
 * One pass over the text, no recursion; brackets inside strings do not count.
 */
export function checkJsonDepth(text: string, most: number = MAX_JSON_DEPTH): void {
  if (text.length <= 2 * most) return; // too short to open and close that many
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 0x5c) i++;
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > most) {
        throw new EitherwayError("bad-json", `The JSON nests deeper than ${most} levels; send it flatter.`);
      }
    } else if (unit === 0x7d || unit === 0x5d) depth--;
  }
}
