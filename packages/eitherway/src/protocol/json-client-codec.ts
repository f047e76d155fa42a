/** The client's half of the JSON framing (PROTOCOL.md, section 4): writes client frames, reads server frames. */
import { fromBase64 } from "./base64.ts";
import { type ErrorCode, isErrorCode, standInCode } from "./errors.ts";
import {
  type Answer,
  type ArrivedError,
  type ArrivedFrame,
  type ArrivedGap,
  type ArrivedMember,
  type ClientCodec,
  GAP_REASONS,
  type GapReason,
  type Received,
  SUBPROTOCOLS,
} from "./frames.ts";
import { type Id, MAX_SEQ, parseId } from "./ids.ts";
import {
  asObject,
  badField,
  count,
  type Fields,
  optionalCount,
  optionalText,
  parseObject,
  text,
  unknownFrame,
} from "./json-fields.ts";
import { clientFrameText } from "./json-text.ts";
import { DEFAULT_EVENT } from "./names.ts";

export const jsonClientCodec: ClientCodec<string> = {
  subprotocol: SUBPROTOCOLS.json,
  writeClient: clientFrameText,
  readServer: readServerFrame,
};

function readServerFrame(wire: string): ArrivedFrame {
  const frame = parseObject(wire); // no depth check: runs come from our server, which checked each payload
  const { t } = frame;
  switch (t) {
    case "messages":
      return readRun(frame);
    case "live":
      return { t, channel: text(frame, "c"), id: id(frame, "i") };
    case "gap":
      return readGap(frame);
    case "presence":
      return { t, channel: text(frame, "c"), id: id(frame, "i"), members: list(frame, "m").map(readMember) };
    case "ok":
      return {
        t,
        key: text(frame, "k"),
        ...(frame.i !== undefined && { id: id(frame, "i") }),
        ...(hasPayload(frame) && { answer: readData(frame) }),
      };
    case "running":
      return { t, key: text(frame, "k") };
    case "error":
      return readError(frame);
    case "ping":
      return { t };
    case "refresh":
      return { t, left: count(frame, "left") };
    case "bye":
      return { t, ...failure(frame), after: optionalCount(frame, "after") };
    case "welcome": {
      const limits = asObject(frame.limits) ?? {};
      return {
        t,
        ping: count(frame, "ping"),
        keyWindow: count(frame, "keyWindow"),
        limits: {
          messageBytes: count(limits, "messageBytes"),
          frameBytes: count(limits, "frameBytes"),
          subscriptions: count(limits, "subscriptions"),
          inFlight: count(limits, "inFlight"),
        },
      };
    }
    default:
      throw unknownFrame(frame);
  }
}

function readRun(frame: Fields): ArrivedFrame {
  const first = frame.i === undefined ? undefined : parseId(text(frame, "i"));
  if (frame.i !== undefined && !first) throw badField(frame, "i", "an id");
  return { t: "messages", channel: text(frame, "c"), epoch: first?.epoch, messages: readEntries(frame, first?.seq) };
}

/** @param firstSeq of the first entry; `undefined` for volatile ones, which have no place */
function readEntries(frame: Fields, firstSeq: number | undefined): readonly Received[] {
  const at = count(frame, "at");
  const entries = list(frame, "m");
  if (entries.length === 0) throw badField(frame, "m", "entries");
  let seq = (firstSeq ?? 0) - 1;
  return entries.map((value: unknown, index): Received => {
    const entry = asObject(value);
    if (!entry) throw badField(frame, "m", "objects");
    const skipped = optionalCount(entry, "n") ?? 0;
    // The run's id is its first entry's own id; what that entry skipped lies before it.
    seq += index === 0 ? 1 : 1 + skipped;
    if (firstSeq !== undefined && (skipped >= seq || seq > MAX_SEQ))
      throw badField(entry, "n", "as many ids as there are");
    return {
      seq: firstSeq === undefined ? 0 : seq,
      at: optionalCount(entry, "at") ?? at,
      event: optionalText(entry, "e") ?? DEFAULT_EVENT,
      from: optionalText(entry, "f"),
      ...readData(entry),
      skipped: firstSeq === undefined ? 0 : skipped,
    };
  });
}

function readGap(frame: Fields): ArrivedGap {
  const gap = { channel: text(frame, "c"), why: reason(frame), oldest: id(frame, "oldest"), head: id(frame, "head") };
  if (frame.i === undefined) return { t: "gap", ...gap };
  return { t: "gap", ...gap, latest: readEntries(frame, parseId(id(frame, "i"))?.seq) };
}

function readMember(value: unknown): ArrivedMember {
  const entry = asObject(value) ?? {};
  return { member: text(entry, "k"), state: entry.d };
}

function readError(frame: Fields): ArrivedError {
  const details = frame.d;
  return {
    t: "error",
    ...failure(frame),
    key: optionalText(frame, "k"),
    channel: optionalText(frame, "c"),
    ...(details !== undefined && { details }),
  };
}

function hasPayload({ d, s, b }: Fields): boolean {
  return d !== undefined || s !== undefined || b !== undefined;
}

function list(frame: Fields, field: string): readonly unknown[] {
  const value = frame[field];
  if (!Array.isArray(value)) throw badField(frame, field, "a list");
  return value;
}

function readData(entry: Fields): Answer {
  if (entry.d !== undefined) return { kind: "json", data: entry.d };
  if (entry.s !== undefined) return { kind: "text", data: text(entry, "s") };
  const data = fromBase64(text(entry, "b"));
  if (!data) throw badField(entry, "b", "base64");
  return { kind: "bytes", data };
}

function id(frame: Fields, field: string): Id {
  const value = text(frame, field);
  if (!parseId(value)) throw badField(frame, field, "an id");
  return value;
}

function reason(frame: Fields): GapReason {
  const why = frame.why as GapReason;
  if (!GAP_REASONS.includes(why)) throw badField(frame, "why", GAP_REASONS.join(" | "));
  return why;
}

function failure(frame: Fields): { readonly code: ErrorCode; readonly message: string } {
  const code = text(frame, "code");
  return { code: isErrorCode(code) ? code : standInCode(frame.retry === true), message: text(frame, "message") };
}
