/** Channels as a plain event stream, for `EventSource` and `curl`: ids are cursors, and loss is an event. */
import { toBase64 } from "./base64.ts";
import { isRetryable } from "./errors.ts";
import type { Framing, GapFrame, Message, Run, ServerFrame } from "./frames.ts";
import { type Cursor, formatId, type Id, parseId } from "./ids.ts";
import { oneLine } from "./json-text.ts";
import { messageText } from "./message-text.ts";
import { DEFAULT_EVENT } from "./names.ts";
import type { Payload } from "./payload.ts";
import { sseBlock } from "./sse-block.ts";
import { encodeText } from "./utf8.ts";

/** One channel: data is the payload, id the message's, event its event. */
export const eventsFraming: Framing = {
  name: "events",
  run: ({ epoch, messages }) =>
    encode(
      messages.map((message) => {
        return messageBlock(message, epoch === undefined ? undefined : formatId(epoch, message.seq));
      }),
    ),
  frame(frame) {
    if (frame.t !== "gap" || !frame.latest) return encode([frameBlock(frame, movesTo(frame))]);
    // The cursor moves behind them: who is cut off before that is told all of it again.
    const latest = frame.latest.map((message) => messageBlock(message, undefined));
    return encode([frameBlock(frame), ...latest, sseBlock({ id: frame.head })]);
  },
};

/**
 * Several channels: data is the message as JSON, and each write that moves a cursor ends with a block that is only an id: the cursors
 * in the order of `channels`, joined by commas. A cut before that block repeats messages and loses none.
 *
 * Keeps the cursors of one reader, so each link has its own: unlike other framings it is not pure.
 *
 * @param cursors where the reader stands, one for each channel
 */
export function createEventsFraming(channels: readonly string[], cursors: readonly Cursor[]): Framing {
  const standing = new Map(channels.map((channel, i) => [channel, cursors[i] ?? "now"]));

  function move(channel: string, cursor: Cursor): string {
    standing.set(channel, cursor);
    return sseBlock({ id: [...standing.values()].join(",") });
  }

  return {
    name: "events-many",
    run(run) {
      const { channel, epoch, messages } = run;
      const blocks = messages.map((message) => sseBlock({ data: oneLine(messageText(epoch, message, channel)) }));
      return encode(epoch === undefined ? blocks : [...blocks, move(channel, formatId(epoch, lastSeq(run)))]);
    },
    frame(frame) {
      switch (frame.t) {
        case "live":
          return encode([move(frame.channel, frame.id)]);
        case "gap":
          return encode([frameBlock(frame), ...latestBlocks(frame), move(frame.channel, frame.head)]);
        case "presence":
          return encode([frameBlock(frame), move(frame.channel, frame.id)]);
        default:
          return encode([frameBlock(frame)]);
      }
    },
  };
}

/**
 * Names that mean something else here: our own events, and those that an `EventSource` fires itself. A message's event of such a
 * name gets a prefix, so that no publisher can fake a gap or an error.
 */
const TAKEN_NAMES: ReadonlySet<string> = new Set([
  "gap",
  "presence",
  "ping",
  "refresh",
  "failure",
  "bye",
  "open",
  "error",
]);
const TAKEN_PREFIX = "message.";

function eventName(event: string): string {
  return TAKEN_NAMES.has(event) ? TAKEN_PREFIX + event : event;
}

/** A message of the stream of one channel. */
function messageBlock({ event, payload }: Message, id: Id | undefined): string {
  return sseBlock({ id, event: event === DEFAULT_EVENT ? undefined : eventName(event), data: plainText(payload) });
}

/** What a gap brings, for the stream of several channels. */
function latestBlocks({ channel, head, latest = [] }: GapFrame): readonly string[] {
  const epoch = parseId(head)?.epoch;
  return latest.map((message) => sseBlock({ data: oneLine(messageText(epoch, message, channel)) }));
}

/** A payload as the text that `event.data` is. */
function plainText(payload: Payload): string {
  return payload.kind === "bytes" ? toBase64(payload.data) : payload.data;
}

/** The cursor that a frame gives its reader. */
function movesTo(frame: ServerFrame): Cursor | undefined {
  if (frame.t === "live" || frame.t === "presence") return frame.id;
  return frame.t === "gap" ? frame.head : undefined;
}

/** Frames that say nothing to a plain reader still take a block: some bytes, and nothing is dispatched. */
const SILENT_BLOCK = ":\n\n";

function frameBlock(frame: ServerFrame, id?: Cursor): string {
  switch (frame.t) {
    case "live":
      return sseBlock({ id });
    case "gap": {
      const { channel, why, oldest, head } = frame;
      return sseBlock({ id, event: "gap", data: json({ channel, why, oldest, head }) });
    }
    case "presence": {
      const members = frame.members.map(({ member, state }) => `{"member":${JSON.stringify(member)},"state":${state}}`);
      return sseBlock({
        id,
        event: "presence",
        data: oneLine(`{"channel":${json(frame.channel)},"members":[${members.join()}]}`),
      });
    }
    case "ping":
      return sseBlock({ event: "ping", data: "{}" });
    case "refresh":
      return sseBlock({ event: "refresh", data: json({ left: frame.left }) });
    case "error": {
      const { code, message, channel } = frame;
      return sseBlock({ event: "failure", data: json({ code, message, retry: isRetryable(code), channel }) });
    }
    case "bye": {
      const { code, message, after } = frame;
      return sseBlock({ event: "bye", data: json({ code, message, retry: isRetryable(code), after }) });
    }
    case "welcome":
    case "ok":
    case "running":
      return SILENT_BLOCK;
  }
}

function json(value: object | string): string {
  return JSON.stringify(value);
}

function lastSeq({ messages }: Run): number {
  return messages[messages.length - 1]?.seq ?? 0;
}

function encode(blocks: readonly string[]): Uint8Array {
  return encodeText(blocks.join(""));
}
