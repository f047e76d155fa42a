/** Fields of frames in JSON: guards written by hand, so that whatever a reader returns has exactly the shape of its type. */
import { EitherwayError } from "./errors.ts";
import { PROTOCOL_VERSION } from "./frames.ts";
import { quote } from "./names.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function parseObject(wire: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(wire);
  } catch {
    throw new EitherwayError("bad-json", "The frame is not JSON."); // no more of it: the engine's reason quotes what came
  }
  const frame = asObject(value);
  if (!frame) throw new EitherwayError("bad-frame", 'A frame is a JSON object with a field "t".');
  return frame;
}

export function asObject(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function text(fields: Fields, field: string): string {
  const value = fields[field];
  if (typeof value !== "string") throw badField(fields, field, "text");
  return value;
}

export function optionalText(fields: Fields, field: string): string | undefined {
  return fields[field] === undefined ? undefined : text(fields, field);
}

export function count(fields: Fields, field: string): number {
  const value = fields[field];
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw badField(fields, field, "a whole number, 0 or more");
  return (value as number) + 0; // -0 is 0
}

export function optionalCount(fields: Fields, field: string): number | undefined {
  return fields[field] === undefined ? undefined : count(fields, field);
}

/** @param fields of a frame, or of an entry or another part of one */
export function badField({ t }: Fields, field: string, wanted: string): EitherwayError {
  const of = typeof t === "string" ? `${quote(t)} frame` : "part of a frame";
  return new EitherwayError("bad-frame", `Field ${field} of a ${of} is not ${wanted}.`);
}

export function unknownFrame({ t }: Fields): EitherwayError {
  const given = typeof t === "string" ? quote(t) : `a ${typeof t}`;
  return new EitherwayError(
    "unknown-frame",
    `Frame type ${given} is not known to protocol version ${PROTOCOL_VERSION}.`,
  );
}
