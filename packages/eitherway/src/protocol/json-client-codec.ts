/** The client's half of the JSON framing (PROTOCOL.md, section 4): writes client frames, reads server frames. */
import { fromBase64 } from "./base64.ts";
import { type ErrorCode, isErrorCode, standInCode } from "./errors.ts";
import {
  type ArrivedFrame,
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
      return { t, channel: text(frame, "c"), why: reason(frame), oldest: id(frame, "oldest"), head: id(frame, "head") };
    case "ok":
      return { t, key: text(frame, "k"), id: id(frame, "i") };
    case "error":
      return { t, ...failure(frame), key: optionalText(frame, "k"), channel: optionalText(frame, "c") };
    case "ping":
      return { t };
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
  const first = parseId(text(frame, "i"));
  const entries = frame.m;
  if (!first || !Array.isArray(entries) || entries.length === 0) throw badField(frame, "i or m", "an id, or entries");
  const at = count(frame, "at");
  let seq = first.seq - 1;
  const messages = entries.map((value: unknown, index): Received => {
    const entry = asObject(value);
    if (!entry) throw badField(frame, "m", "objects");
    const skipped = optionalCount(entry, "n") ?? 0;
    // The run's id is its first entry's own id; what that entry skipped lies before it.
    seq += index === 0 ? 1 : 1 + skipped;
    if (skipped >= seq || seq > MAX_SEQ) throw badField(entry, "n", "as many ids as there are");
    return {
      seq,
      at: optionalCount(entry, "at") ?? at,
      event: optionalText(entry, "e") ?? DEFAULT_EVENT,
      from: optionalText(entry, "f"),
      ...readData(entry),
      skipped,
    };
  });
  return { t: "messages", channel: text(frame, "c"), epoch: first.epoch, messages };
}

function readData(entry: Fields): Pick<Received, "kind" | "data"> {
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
