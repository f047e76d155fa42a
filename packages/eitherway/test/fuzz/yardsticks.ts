/** What others make of the same inputs. Each says what is wrong with what a parser of ours read, if anything. */
import { isUtf8 } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import {
  binaryClientCodec,
  binaryServerCodec,
  type ClientFrame,
  DEFAULT_EVENT,
  EitherwayError,
  jsonClientCodec,
  jsonServerCodec,
  type Payload,
} from "../../src/protocol/index.ts";
import { cut, type Decoded, decode, oracle } from "../protocol/sse-support.ts";

type Wrong = string | undefined;

/** What was read, or the code of what was thrown. */
export function attempt<Read>(read: () => Read): Read | string {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof EitherwayError) return thrown.code;
    throw thrown;
  }
}

/** Written by our own writer and read again, it is the same. */
export function jsonFrame(frame: ClientFrame): Wrong {
  return sameFrame(frame, () => jsonServerCodec.readClient(jsonClientCodec.writeClient(frame)));
}

/** There is one way to write a frame, so it is also what came, as far as it goes. */
export function binaryFrame(frame: ClientFrame, bytes: Uint8Array): Wrong {
  const written = binaryClientCodec.writeClient(frame);
  // Less so where what came said more than it had to: the default event, a channel twice.
  const isPlain =
    !("event" in frame && frame.event === DEFAULT_EVENT) && frame.t !== "hello" && frame.t !== "subscribe";
  if (isPlain && !Buffer.from(written).equals(bytes.subarray(0, written.length))) return `written it is ${show(frame)}`;
  return sameFrame(frame, () => binaryServerCodec.readClient(written));
}

function sameFrame(frame: ClientFrame, again: () => ClientFrame): Wrong {
  const other = attempt(again);
  return isDeepStrictEqual(other, frame) ? undefined : `written and read again it is ${show(other)}`;
}

export function sameText<Read>(write: (read: Read) => string): (read: Read, text: string) => Wrong {
  return (read, text) => (write(read) === text ? undefined : `written again it is ${write(read)}`);
}

/** A blank before the frame means nothing in JSON, and the fast way takes none. */
export function slowWay([fast, wire]: readonly [ClientFrame | string, string]): Wrong {
  const slow = attempt(() => jsonServerCodec.readClient(` ${wire}`));
  if (!isDeepStrictEqual(fast, slow)) return `the slow way it is ${show(slow)}`;
  if (typeof slow === "string" || slow.t !== "publish" || slow.payload.kind !== "json") return undefined;
  const { d, k, c, e = "message" } = JSON.parse(wire) as Readonly<Record<string, unknown>>;
  const same = isDeepStrictEqual([JSON.parse(slow.payload.data), slow.key, slow.channel, slow.event], [d, k, c, e]);
  return same ? undefined : "JSON.parse makes something else of it";
}

export function eventStream(decoded: Decoded, bytes: Uint8Array): Wrong {
  const places = [1, 2, 3].map((part) => Math.floor((bytes.length * part) / 4));
  if (!isDeepStrictEqual(decode(cut(bytes, places)), decoded)) return "cut, it is something else";
  const whole = Uint8Array.from(Buffer.from(`${new TextDecoder().decode(bytes)}\n:\n`));
  const theirs = oracle(whole).events.map(({ event, data }) => [event || "message", data]);
  const ours = decode([whole]).events.map(({ event, data }) => [event, data]);
  return isDeepStrictEqual(ours, theirs) ? undefined : `eventsource-parser reads ${show(theirs)}`;
}

/** In words of its own what PROTOCOL.md says of a name. */
export function channelName(_read: unknown, name: string): Wrong {
  const segments = name.split("/");
  if (segments.some((segment) => ["", ".", ".."].includes(segment))) return "a segment is lost in paths";
  if (segments.some((segment) => segment.startsWith("@"))) return "a segment is reserved";
  if (name.normalize("NFC") !== name) return "it is not in NFC";
  return shortText(200)(undefined, name);
}

export function shortText(most: number): (read: unknown, text: string) => Wrong {
  return (_read, text) => {
    const bytes = Buffer.from(text);
    if (bytes.length < 1 || bytes.length > most) return `it has ${bytes.length} bytes`;
    if (bytes.toString() !== text) return "UTF-8 cannot say it";
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return /[\u0000-\u001f\u007f-\u009f]/.test(text) ? "it has a control character" : undefined;
  };
}

/** Where escapes are UTF-8 and texts Unicode, `URLSearchParams` reads the same. */
export function query(read: ReadonlyMap<string, readonly string[]>, text: string): Wrong {
  if (!isWellFormed(text)) return undefined;
  const theirs = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(`?${text}`)) {
    theirs.set(name, [...(theirs.get(name) ?? []), value]);
  }
  return isDeepStrictEqual(theirs, read) ? undefined : `URLSearchParams reads ${show([...theirs])}`;
}

export function headerText(read: string, raw: string): Wrong {
  return Buffer.from(read).equals(Buffer.from(raw, "latin1")) ? undefined : "its bytes are others";
}

/** A quick look, for what a strict reader of RFC 9110 would never take for a type of that kind. */
export function contentType(kind: Payload["kind"], header: string): Wrong {
  const wanted = { json: /^\s*\S+[/+]json\b/i, text: /^\s*text\//i, bytes: /^\s*application\/octet-stream\s*(;|$)/i };
  return wanted[kind].test(header) ? undefined : `it is no ${kind}`;
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** As browsers read host and origin. */
export function ownPage(_read: unknown, asker: string): Wrong {
  const [host = "", origin = ""] = asker.split("\n");
  const here = URL.parse?.(`http://${host}`) ?? parsedUrl(`http://${host}`);
  if (here && !LOOPBACK.includes(here.hostname)) return "the host is another machine";
  if (origin === "" || here === undefined) return undefined;
  return parsedUrl(origin)?.origin === here.origin ? undefined : "the page is of another origin";
}

export function json(payload: Payload, text: string): Wrong {
  if (payload.data !== text) return "it is kept as something else";
  return depthOf(JSON.parse(text)) <= 128 ? undefined : "it nests deeper than 128 levels";
}

export function unicode(payload: Payload, text: string): Wrong {
  return payload.data === text && isWellFormed(text) ? undefined : "UTF-8 cannot say it";
}

export function utf8({ text }: { readonly text: string }, bytes: Uint8Array): Wrong {
  return isUtf8(bytes) && Buffer.from(text).equals(bytes) ? undefined : "it is no UTF-8";
}

export function base64(bytes: Uint8Array, text: string): Wrong {
  return Buffer.from(text, "base64").equals(bytes) ? undefined : "Buffer reads other bytes";
}

// --- helpers ---

function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

function parsedUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Without recursion, since that is what deep nesting breaks. */
function depthOf(value: unknown): number {
  let depth = 0;
  for (let level = [value]; level.length > 0; ) {
    const inside = level.filter((one): one is object => typeof one === "object" && one !== null);
    if (inside.length === 0) return depth;
    depth++;
    level = inside.flatMap((one) => Object.values(one) as unknown[]);
  }
  return depth;
}

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, one) => (one instanceof Map ? [...one] : (one as unknown)))?.slice(0, 300) ?? "nothing"
  );
}
