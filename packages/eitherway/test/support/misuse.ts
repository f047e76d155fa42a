/** Everything that a server refuses, with secrets in it: where tokens are, where payloads are, and where neither belongs. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { binaryClientCodec, type ClientCodec, jsonClientCodec } from "../../src/protocol/index.ts";

export interface Secrets {
  readonly token: string;
  /** What nobody but who listens to `room/private` may see. At most 20 characters. */
  readonly payload: string;
}

/** Over the largest request body, and with it over the largest message. */
const TOO_MUCH = "x".repeat(300 * 1024);

/** Sends all of it to a server. What came back, as it came. */
export async function misuse(url: string, secrets: Secrets): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const [door, body] of badRequests(secrets)) answers.push(await post(`${url}${door}`, body, secrets));
  for (const [path, type, body] of badPublishes(secrets)) {
    answers.push(await post(`${url}${path}`, body, secrets, { "content-type": type }));
  }
  for (const frames of badLinks(secrets)) answers.push(...(await sendAll(url, frames, jsonClientCodec)));
  for (const frames of badBinaryLinks(secrets)) answers.push(...(await sendAll(url, frames, binaryClientCodec)));
  return answers;
}

/** Frames that a polite hello goes before. */
function badCommands({ payload }: Secrets): readonly string[] {
  const [key, room] = ['"k":"c1.1"', '"c":"room/private"'];
  const deep = `${"[".repeat(200)}"${payload}"${"]".repeat(200)}`;
  return [
    `{"t":"publish",${key},${room},"d":{"text":"${payload}"`,
    `{"t":"publish",${key},${room},"d":{"text":${payload}}}`,
    `{"t":"publish",${key},${room},"d":${deep}}`,
    `{"t":"publish",${key},${room},"d":"${payload}","s":"${payload}"}`,
    `{"t":"publish",${key},${room},"b":"${payload}?"}`,
    `{"t":"publish",${key},${room},"s":"${payload}"}`,
    `{"t":"publish",${key},${room},"d":{"text":["${payload}"]}}`,
    `{"t":"publish",${key},${room},"d":{"text":"${payload}${"x".repeat(100)}"}}`,
    `{"t":"publish",${key},${room},"d":{"text":"${payload}${"x".repeat(70_000)}"}}`,
    `{"t":"publish",${key},${room},"e":"nothing","d":"${payload}"}`,
    `{"t":"publish",${key},${room},"e":"broken","d":"${payload}"}`,
    `{"t":"publish",${key},${room},"e":"keyed","d":"${payload}"}`,
    `{"t":"publish",${key},"c":"nowhere","d":"${payload}"}`,
    `{"t":"publish",${key},${room},"d":{"text":"${payload}"}}\n{"t":"publish",${key},${room},"d":{"text":"${payload}2"}}`,
    `{"t":"announce",${room},"d":"${payload}"}`,
    `{"t":"call","k":"a",${room},"e":"broken","d":"${payload}"}`,
    `{"t":"call","k":"b",${room},"e":"odd","d":"${payload}"}`,
    `{"t":"call","k":"c",${room},"e":"nothing","d":"${payload}"}`,
    `{"t":"call","k":"d",${room},"e":"broken","d":["${payload}"]}`,
    `{"t":"presence","k":"e",${room},"d":["${payload}"]}`,
    `{"t":"presence","k":"f",${room},"d":{"name":"${payload}${"x".repeat(2_000)}"}}`,
    `{"t":"presence","k":"g",${room},"d":{"name":"${payload}"}`,
    `{"t":1,"d":"${payload}"}`,
    `["${payload}"]`,
  ];
}

function helloText({ token }: Secrets, more: object = {}): string {
  return JSON.stringify({ t: "hello", v: 1, client: "c1", token, channels: {}, ...more });
}

function badHellos(secrets: Secrets): readonly string[] {
  const { token } = secrets;
  return [
    `{"t":"hello","v":1,"client":"c1","token":"${token}",`,
    `{"t":"hello","v":1,"client":"c1","token":${token}}`,
    token,
    `"${token}"`,
    helloText(secrets, { v: 2 }),
    helloText(secrets, { client: "" }),
    helloText(secrets, { wait: -1 }),
    helloText(secrets, { channels: { a: "nowhere" } }),
    helloText(secrets, { token: [token] }),
    helloText(secrets, { x: TOO_MUCH }),
    helloText(secrets, { channels: { "": "now" }, wait: 0 }),
  ];
}

function badRequests(secrets: Secrets): readonly [door: string, body: string | Uint8Array][] {
  const hello = helloText(secrets);
  const noUtf8 = Buffer.concat([Buffer.from(secrets.token), Buffer.of(0xff)]);
  return [
    ...["/stream", "/poll", "/commands"].flatMap((door) =>
      [...badHellos(secrets), noUtf8].map((body): [string, string | Uint8Array] => [door, body]),
    ),
    ...badCommands(secrets).map((lines): [string, string] => ["/commands", `${hello}\n${lines}`]),
    ["/nowhere", hello],
    ["/events", hello],
  ];
}

function badPublishes({ payload }: Secrets): readonly [path: string, type: string, body: string][] {
  const [room, json] = ["/channels/room/private", "application/json"];
  return [
    [room, json, `{"text":"${payload}"`],
    [room, json, `{"text":${payload}}`],
    [room, json, `["${payload}"]`],
    [room, json, payload + TOO_MUCH],
    [room, "text/html; charset=latin1", payload],
    [room, "application/x-www-form-urlencoded", payload],
    [room, "text/plain", payload],
    ["/channels/nowhere", json, `"${payload}"`],
    [`${room}/@presence`, json, `{"name":${payload}}`],
    [`${room}/@presence`, json, `["${payload}"]`],
    [`${room}/@presence`, "text/plain", payload],
  ];
}

/** The first frames of links: many end one. */
function badLinks(secrets: Secrets): readonly (readonly string[])[] {
  return [
    ...badHellos(secrets).map((frame) => [frame]),
    ...badCommands(secrets).map((lines) => [helloText(secrets), ...lines.split("\n")]),
  ];
}

function badBinaryLinks(secrets: Secrets): readonly (readonly Uint8Array[])[] {
  const { token, payload } = secrets;
  const write = binaryClientCodec.writeClient;
  const hello = write({ t: "hello", client: "c1", token, channels: new Map() });
  const command = { key: "c1.1", channel: "room/private" };
  const frames = [`{"text":${payload}`, `"${payload}"`].flatMap((data) => {
    const content = { kind: "json", data } as const;
    return [
      write({ t: "publish", ...command, event: "broken", payload: content }),
      write({ t: "call", ...command, name: "broken", payload: content }),
      write({ t: "presence", ...command, state: data }),
    ];
  });
  return [
    ...badHellos(secrets).map((text) => [Buffer.from(text)]),
    ...[hello.subarray(0, -1), Buffer.concat([hello.subarray(0, 6), Buffer.of(0xff), hello.subarray(6)])].map(
      (bytes) => [bytes],
    ),
    ...frames.flatMap((frame) => [
      [hello, frame],
      [hello, frame.subarray(0, -1)],
      [hello, frame.map((byte) => (byte === SMALL_Y ? 0xff : byte))],
    ]),
  ];
}

/** A letter of the payload: in its place comes what is no UTF-8. */
const SMALL_Y = 0x79;

async function post(
  url: string,
  body: string | Uint8Array,
  { token }: Secrets,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const abort = new AbortController();
  const answer = await fetch(url, {
    method: "POST",
    body: typeof body === "string" ? body : new Uint8Array(body),
    headers: { authorization: `Bearer ${token}`, cookie: `t=${token}`, "eitherway-client": "c1", ...headers },
    signal: abort.signal,
  });
  const head = `${answer.status} ${JSON.stringify([...answer.headers])}`;
  // A stream that was opened all the same has no end of its own.
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
  const text = isStream ? "" : await answer.text();
  abort.abort();
  return `${head} ${text}`;
}

/** Until the server has answered the last one: the frame behind it has an answer of its own, or the link is over. */
async function sendAll<Wire extends string | Uint8Array>(
  url: string,
  frames: readonly Wire[],
  codec: ClientCodec<Wire>,
): Promise<readonly string[]> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [codec.subprotocol]);
  const came: string[] = [];
  await once(socket, "open");
  const closed = once(socket, "close");
  const answered = new Promise<void>((resolve) => {
    socket.on("message", (data) => {
      came.push(String(data));
      if (String(data).includes(LAST)) resolve();
    });
  });
  const payload = { kind: "json", data: "1" } as const;
  const last = codec.writeClient({ t: "call", key: "last", channel: LAST, name: "last", payload });
  for (const frame of [...frames, last]) socket.send(frame);
  await Promise.race([answered, closed]);
  socket.terminate();
  const [number, reason] = (await closed) as [number, Buffer];
  return [...came, `${number} ${String(reason)}`];
}

/** A channel of no contract: asking for it is refused, with its name. */
const LAST = "the-last-one";
