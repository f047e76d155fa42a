/** The vectors that other languages test themselves with must be true of this implementation, in both directions. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AnnounceFrame,
  type ArrivedFrame,
  binaryClientCodec,
  binaryServerCodec,
  bytesPayload,
  type CallFrame,
  type ClientFrame,
  type Cursor,
  checkChannelName,
  checkEventName,
  checkKey,
  createEventsFraming,
  type ErrorCode,
  eventsFraming,
  type Framing,
  formatId,
  isClientId,
  jsonClientCodec,
  jsonServerCodec,
  type Payload,
  type PresenceFrame,
  parseCountedKey,
  parseId,
  pollFraming,
  type Run,
  type ServerFrame,
  sseFraming,
} from "../../src/protocol/index.ts";
import { cut, decode } from "./sse-support.ts";
import { arrived, codeOf, fromHex, hex, received, textOf } from "./support.ts";

// --- what the files hold ---

interface IdVectors {
  readonly good: readonly { readonly id: string; readonly epoch: string; readonly seq: number }[];
  readonly bad: readonly string[];
}

interface NameVector {
  readonly text: string;
  readonly code: ErrorCode | null;
}

interface NameVectors {
  readonly channels: readonly NameVector[];
  readonly events: readonly NameVector[];
  readonly keys: readonly NameVector[];
  readonly clients: { readonly good: readonly string[]; readonly bad: readonly string[] };
  readonly countedKeys: readonly { readonly key: string; readonly client: string; readonly counter: number }[];
  readonly foreignKeys: readonly string[];
}

/** A payload without a byte array: base64 for kind bytes. */
interface PayloadMeaning {
  readonly kind: Payload["kind"];
  readonly data: string;
}

interface MessagesMeaning {
  readonly t: "messages";
  readonly channel: string;
  readonly messages: readonly {
    /** A volatile message has none. */
    readonly id?: string;
    readonly at: number;
    readonly event: string;
    readonly from?: string;
    readonly skipped: number;
    readonly payload: PayloadMeaning;
  }[];
}

type ServerMeaning = ServerFrame | MessagesMeaning;

/** A client frame whose map of cursors is a list of pairs. */
type ClientMeaning =
  | { readonly t: "hello"; readonly client: string; readonly channels: [string, Cursor][] }
  | { readonly t: "subscribe"; readonly channels: [string, Cursor][] }
  | { readonly t: "unsubscribe"; readonly channels: string[] }
  | {
      readonly t: "publish";
      readonly key: string;
      readonly channel: string;
      readonly event: string;
      readonly payload: PayloadMeaning;
    }
  | AnnounceFrame
  | CallFrame
  | PresenceFrame
  | { readonly t: "pong" };

interface FrameVector<Meaning> {
  readonly name: string;
  readonly json?: string;
  readonly hex?: string;
  readonly written: boolean;
  readonly frame: Meaning;
}

interface BadVector {
  readonly name: string;
  readonly json?: string;
  readonly hex?: string;
  readonly code: ErrorCode;
}

interface FrameVectors {
  readonly client: readonly FrameVector<ClientMeaning>[];
  readonly server: readonly FrameVector<ServerMeaning>[];
  readonly badClient: readonly BadVector[];
  readonly badServer: readonly BadVector[];
}

interface SseVectors {
  readonly read: readonly {
    readonly name: string;
    readonly hex: string;
    readonly events: readonly { readonly event: string; readonly data: string; readonly id: string }[];
    readonly lastEventId: string;
    readonly retries: readonly number[];
  }[];
  readonly write: readonly {
    readonly name: string;
    readonly door: "stream" | "poll" | "events";
    readonly channels?: readonly string[];
    readonly cursors?: readonly Cursor[];
    readonly frames: readonly ServerMeaning[];
    readonly text: string;
  }[];
}

function load<Vectors>(name: string): Vectors {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8")) as Vectors;
}

// --- from meaning to frame ---

function payloadOf({ kind, data }: PayloadMeaning): Payload {
  return kind === "bytes" ? bytesPayload(new Uint8Array(Buffer.from(data, "base64"))) : { kind, data };
}

function runOf({ channel, messages }: MessagesMeaning): Run {
  const epoch = parseId(messages[0]?.id ?? "")?.epoch;
  return {
    channel,
    epoch,
    messages: messages.map(({ id, payload, from, ...rest }) => ({
      ...rest,
      from,
      seq: id === undefined ? 0 : (parseId(id)?.seq ?? -1),
      payload: payloadOf(payload),
    })),
  };
}

function clientFrameOf(meaning: ClientMeaning): ClientFrame {
  switch (meaning.t) {
    case "hello":
    case "subscribe":
      return { ...meaning, channels: new Map(meaning.channels) };
    case "publish":
      return { ...meaning, payload: payloadOf(meaning.payload) };
    default:
      return meaning;
  }
}

function arrivedOf(meaning: ServerMeaning): ArrivedFrame {
  return meaning.t === "messages" ? received(runOf(meaning)) : arrived(meaning);
}

function write(framing: Framing, meaning: ServerMeaning): Uint8Array {
  return meaning.t === "messages" ? framing.run(runOf(meaning)) : framing.frame(meaning);
}

// --- the tests ---

describe("vectors/ids.json", () => {
  const { good, bad } = load<IdVectors>("ids");
  test.each(good)("$id", ({ id, epoch, seq }) => {
    expect(parseId(id)).toEqual({ epoch, seq });
    expect(formatId(epoch, seq)).toBe(id);
  });
  test.each(bad)("%j is no id", (text) => {
    expect(parseId(text)).toBeUndefined();
  });
});

describe("vectors/names.json", () => {
  const names = load<NameVectors>("names");
  const checked = (check: (text: string) => void, all: readonly NameVector[]) => {
    for (const { text, code } of all) expect([text, codeOf(() => check(text))]).toEqual([text, code ?? "nothing"]);
  };
  test("channels", () => checked(checkChannelName, names.channels));
  test("events", () => checked(checkEventName, names.events));
  test("keys", () => checked(checkKey, names.keys));
  test("clients", () => {
    for (const id of names.clients.good) expect(isClientId(id)).toBe(true);
    for (const text of names.clients.bad) expect(isClientId(text)).toBe(false);
  });
  test("counted and foreign keys", () => {
    for (const { key, ...parts } of names.countedKeys) expect(parseCountedKey(key)).toEqual(parts);
    for (const key of names.foreignKeys) expect(parseCountedKey(key)).toBeUndefined();
  });
});

describe("vectors/frames.json", () => {
  const { client, server, badClient, badServer } = load<FrameVectors>("frames");
  test.each(client)("from a client: $name", ({ json = "", written, frame }) => {
    expect(jsonServerCodec.readClient(json)).toEqual(clientFrameOf(frame));
    if (written) expect(jsonClientCodec.writeClient(clientFrameOf(frame))).toBe(json);
  });
  test.each(server)("from a server: $name", ({ json = "", written, frame }) => {
    expect(jsonClientCodec.readServer(json)).toEqual(arrivedOf(frame));
    if (written) expect(textOf(write(jsonServerCodec, frame))).toBe(json);
  });
  test.each(badClient)("from a client: $name is $code", ({ json = "", code }) => {
    expect(codeOf(() => jsonServerCodec.readClient(json))).toBe(code);
  });
  test.each(badServer)("from a server: $name is $code", ({ json = "", code }) => {
    expect(codeOf(() => jsonClientCodec.readServer(json))).toBe(code);
  });
});

describe("vectors/binary.json", () => {
  const { client, server, badClient, badServer } = load<FrameVectors>("binary");
  test.each(client)("from a client: $name", ({ hex: wire = "", written, frame }) => {
    expect(binaryServerCodec.readClient(fromHex(wire))).toEqual(clientFrameOf(frame));
    if (written) expect(hex(binaryClientCodec.writeClient(clientFrameOf(frame)))).toBe(wire);
  });
  test.each(server)("from a server: $name", ({ hex: wire = "", written, frame }) => {
    expect(binaryClientCodec.readServer(fromHex(wire))).toEqual(arrivedOf(frame));
    if (written) expect(hex(write(binaryServerCodec, frame))).toBe(wire);
  });
  test.each(badClient)("from a client: $name is $code", ({ hex: wire = "", code }) => {
    expect(codeOf(() => binaryServerCodec.readClient(fromHex(wire)))).toBe(code);
  });
  test.each(badServer)("from a server: $name is $code", ({ hex: wire = "", code }) => {
    expect(codeOf(() => binaryClientCodec.readServer(fromHex(wire)))).toBe(code);
  });
});

describe("vectors/sse.json", () => {
  const vectors = load<SseVectors>("sse");
  test.each(vectors.read)("read, cut at every byte: $name", ({ hex: stream, events, lastEventId, retries }) => {
    const bytes = fromHex(stream);
    for (let place = 0; place <= bytes.length; place++) {
      expect(decode(cut(bytes, [place]))).toEqual({ events, lastEventId, retries });
    }
  });
  test.each(vectors.write)(
    "written by the $door door: $name",
    ({ door, channels = [], cursors = [], frames, text }) => {
      const many = channels.length > 1 ? createEventsFraming(channels, cursors) : eventsFraming;
      const framing = { stream: sseFraming, poll: pollFraming, events: many }[door];
      expect(frames.map((frame) => textOf(write(framing, frame))).join("")).toBe(text);
    },
  );
});
