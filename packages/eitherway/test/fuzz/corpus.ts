/** Legal inputs to start from: the vectors that other languages test themselves with, and more where those have none. */
import { readFileSync } from "node:fs";
import { HANDSHAKE } from "../node/handshakes.ts";
import { requestText } from "../node/support.ts";

interface Wire {
  readonly json?: string;
  readonly hex?: string;
}

interface FrameVectors {
  readonly client: readonly Wire[];
  readonly server: readonly Wire[];
}

function load<Vectors>(name: string): Vectors {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8")) as Vectors;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const texts = (vectors: readonly Wire[]): readonly string[] => vectors.flatMap(({ json = [] }) => json);
const bytes = (vectors: readonly Wire[]): readonly Uint8Array[] => vectors.map(({ hex = "" }) => bytesOf(hex));

const frames = load<FrameVectors>("frames");
const binary = load<FrameVectors>("binary");
const names = load<Readonly<Record<"channels" | "events" | "keys", readonly { readonly text: string }[]>>>("names");
const ids = load<{ readonly good: readonly { readonly id: string }[] }>("ids");
const sse = load<{
  readonly read: readonly { readonly hex: string }[];
  readonly write: readonly { readonly text: string }[];
}>("sse");

const EPOCH = "m8x2k1b7cq0z";
const HELLO = `{"t":"hello","v":1,"client":"c8","channels":{"room/42":"${EPOCH}-0000001f","a":"start"}}`;

export const CORPUS = {
  clientFrames: texts(frames.client),
  serverFrames: texts(frames.server),
  binaryClientFrames: bytes(binary.client),
  binaryServerFrames: bytes(binary.server),
  /** What the SDK sends most, in its order of fields. */
  publishes: [
    '{"t":"publish","k":"c8.1","c":"room/42","d":{"text":"hey"}}',
    '{"t":"publish","k":"c8.2","c":"room/42","e":"note","d":[1,2.50,-0,1e9,null,true,"ü\\n"]}',
    '{"t":"publish","k":"order-991","c":"a","d":12345678901234567890.123}',
    '{"t":"publish","k":"k","c":"a","d":"},\\"f\\":\\"admin\\""}',
    '{"t":"publish","k":"k","c":"a","d": { "d" : [ { } ] } }',
    '{"d":1,"t":"publish","k":"k","c":"a","x":{"d":2}}',
  ],
  streams: [
    ...sse.read.map(({ hex }) => bytesOf(hex)),
    ...sse.write.map(({ text }) => Uint8Array.from(Buffer.from(text))),
    Uint8Array.from(Buffer.from("retry: 3000\r\nid: 1\r\nevent: note\r\ndata: a\r\ndata:  b\r\n\r\n:ping\r\rdata\n\n")),
  ],
  ids: ids.good.map(({ id }) => id),
  cursors: ["start", "now", ...ids.good.map(({ id }) => id)],
  channels: [...names.channels.map(({ text }) => text), "room/42", "@presence/room/42", "@stream/job/7/answer"],
  events: names.events.map(({ text }) => text),
  keys: [...names.keys.map(({ text }) => text), "c8.1", "c8.999999999999999"],
  countedKeys: ["c8.1", "c8.10", "A-b_9.999999999999999", "x.7"],
  queries: [
    `after=${EPOCH}-0000001f&limit=10`,
    "channel=room%2F42&channel=a&lastEventId=start,now",
    "after=now&wait=25&x=a+b%20c&empty=&novalue&&=noname",
    "before=m8x2k1b7cq0z-0000001f&limit=1000",
    "channel=%C3%BC%F0%9F%98%80/a.b",
  ],
  paths: ["/channels/room/42", "/channels/room%2F42", "/channels/%C3%BC/@presence", "a+b", "%E2%82%AC"],
  contentTypes: [
    "application/json",
    "application/json; charset=utf-8",
    'text/plain;format=flowed; CHARSET="UTF-8"',
    "application/octet-stream",
    "application/vnd.api+json ; charset=utf8",
    "text/plain; charset=latin1",
  ],
  /** Host, origin and where a request comes from, a line each. */
  askers: [
    "localhost:8000\nhttp://localhost:8000\nsame-origin",
    "127.0.0.1\nhttp://127.0.0.1:80\n",
    "[::1]:443\nhttps://[::1]\nsame-site",
    "localhost\nhttps://app.example\ncross-site",
    "LOCALHOST:80\nhttp://localhost\nnone",
    "localhost\nnull\ncross-site",
    "evil.example\nhttp://evil.example\nsame-origin",
  ],
  forwarded: ["6.6.6.6, 1.2.3.4", "1.2.3.4", "2001:db8::1,::ffff:10.0.0.1", "https,http", " , ,"],
  targets: [
    "/eitherway/channels/room/42?after=now",
    "http://localhost:8000/eitherway/events?channel=a",
    "/eitherway",
    "/eitherways?x=/eitherway/",
    "*",
  ],
  handshakes: [
    requestText("GET", "/eitherway?a=b", { host: "localhost:8000", ...HANDSHAKE, cookie: "a=b" }),
    requestText("GET", "/eitherway", { host: "localhost", ...HANDSHAKE, connection: "keep-alive, Upgrade" }),
  ],
  /** Version, key and subprotocols, a line each. */
  upgrades: [
    "13\ndGhlIHNhbXBsZSBub25jZQ==\neitherway.v1.json, eitherway.v1.binary",
    "13\nx3JJHMbDL1EzLkh9GBhXDw==\neitherway.v1.binary",
    "8\ndGhlIHNhbXBsZSBub25jZQ==\nchat",
  ],
  json: [
    '{"text":"hi","n":[1,-2.5e3,null,true,false]}',
    '"\\u00fc\\ud83d\\ude00\\n"',
    '{"__proto__":{"a":1},"a":{"b":{"c":[[[]]]}}}',
    " [ 1 , 2 ]\r\n",
    `${"[".repeat(128)}${"]".repeat(128)}`,
    `${'{"a":'.repeat(127)}"[[[["${"}".repeat(127)}`,
  ],
  texts: ["hi", "ü€😀\u{10ffff}", "\ufeffa", "e\u0301 \u2028"],
  patterns: ["room/:id", "a/:b/c/:d", "news", ":any", "prices/:book/x-1", "job/:__proto__", "ü/:_x1"],
  amounts: ["64kb", "1.5 mb", "20s", "100", "7d", "0.5ms", " 250 MS ", "1gb"],
  base64: ["", "AA==", "AP8=", "aGVsbG8gd29ybGQ=", "+/+/", "////", "AB=="],
  lines: [texts(frames.server).join("\n"), `${texts(frames.server).slice(0, 3).join("\n")}\n`],
  /** `retry-after` on the first line, then a body. */
  refusals: [
    '3\n{"error":{"code":"drain","message":"This server is going away.","retry":true}}',
    'Wed, 21 Oct 2026 07:28:00 GMT\n{"error":{"code":"too-large","message":"…","details":{"issues":[]}}}',
    "\n<html>502 Bad Gateway</html>",
    '120\n{"error":null}',
  ],
  /** A head without a version and what ends lines in it, and a body: see `requestOf` in doors.test.ts. */
  requests: [
    `POST /stream\norigin: http://localhost:8000\n\n${HELLO}`,
    `POST /poll\n\n{"t":"hello","v":1,"client":"c8","wait":0,"channels":{"room/42":"start","a":"now"}}`,
    `POST /commands\n\n${HELLO}\n{"t":"publish","k":"c8.1","c":"room/42","d":{"text":"hey"}}\n{"t":"presence","k":"c8.2","c":"room/42","d":1}`,
    `POST /commands\n\n${HELLO}\n{"t":"call","k":"c8.1","c":"room/42","e":"send","d":[1]}\n{"t":"announce","c":"a","s":"x"}`,
    "GET /events?channel=room%2F42&lastEventId=start\n\n",
    `GET /events?channel=room/42&channel=a\nlast-event-id: ${EPOCH}-0000001f,now\n\n`,
    `GET /channels/room/42?after=${EPOCH}-00000001&limit=10\n\n`,
    "GET /channels/a?after=now&wait=1\n\n",
    'POST /channels/room/42\ncontent-type: application/json\nidempotency-key: order-991\neitherway-event: note\n\n{"text":"hi"}',
    "POST /channels/a\ncontent-type: text/plain; charset=utf-8\norigin: http://localhost:8000\nsec-fetch-site: same-origin\n\nhi ü",
    "POST /channels/a\ncontent-type: application/octet-stream\n\n\0\x01",
    'POST /channels/room/42/@presence\ncontent-type: application/json\neitherway-client: c8\n\n{"name":"Ana"}',
    "DELETE /channels/room/42/@presence\neitherway-client: c8\n\n",
    "GET /channels/room/42/@presence\n\n",
    "OPTIONS /channels/a\norigin: https://app.example\naccess-control-request-method: POST\n\n",
    "HEAD /healthz\nhost: anything\n\n",
  ],
} as const;
