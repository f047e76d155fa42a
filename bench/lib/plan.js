/** The plan of one run for the load generator: one line a fact, bytes in hexadecimal (load/plan.c reads it). */
import { randomBytes } from "node:crypto";
import { payloadObject } from "./payload.js";

/**
 * @typedef {import("./types.js").Peer} Peer
 * @typedef {import("./types.js").Dialect} Dialect
 * @typedef {import("./types.js").Step} Step
 * @typedef {import("./types.js").Send} Send
 * @typedef {import("./types.js").LinkVariables} LinkVariables
 *
 * @typedef {object} PlanOptions
 * @property {import("../scenarios.js").Scenario["kind"]} kind
 * @property {import("../scenarios.js").Variant} variant
 * @property {import("../scenarios.js").Size} size
 * @property {Peer} peer
 * @property {readonly Dialect[]} dialects links take them in turn
 * @property {import("./types.js").ServerLine} server
 * @property {History} [history] what was published before the links come
 * @property {number} cpu of the server; -1: not pinned
 *
 * @typedef {object} History
 * @property {string} cursor the id at which links begin
 * @property {number} base number of that message in its channel
 */

const OPCODES = { text: 1, binary: 2 };
const NONE = "-";
const ROOM_OF_TWO = 2;
const EPOCH_CHARACTERS = 12;
const CURSOR_BYTES = 21;
const STRIDE = 7; // between the channels of a link: sets of links differ, as those of an application do
const RADIX = 36;
const CURSOR = "{cursor}";
const ID_PREFIXES = { json: '"i":"', events: "id: " };
const OPEN_AT_ONCE = 50;
const OPEN_LIMIT_MS = 60_000; // 19,000 links of the slowest, beside other programs
// Bytes that the load generator replaces in each publish.
const SLOT_COUNT = "\x01";
const SLOT_PAYLOAD = "\x02";

/** @param {PlanOptions} options */
export function planText({ kind, variant, size, peer, dialects, server, cpu, history }) {
  const { links, channels = 1, perLink = 1 } = size;
  const all = links + (variant.frozen ?? 0);
  const { text: padding, m: anyMark } = payloadObject(0, 1);
  const { ports, pids, store } = server;
  const host = `127.0.0.1:${ports[0]}`;
  const lines = [
    `kind ${kind}`,
    ...ports.map((port) => `port ${port}`),
    `control ${server.control}`,
    `cpu ${cpu}`,
    ...pids.map((pid) => `pid ${pid}`),
    ...(store === undefined ? [] : [`store ${store}`]),
    `batch ${variant.batch ?? 1}`,
    `window ${variant.window ?? 1}`,
    `in-flight ${variant.inFlight ?? 0}`,
    `rate ${variant.rate ?? 0}`,
    `base ${history?.base ?? 0}`,
    `missed ${variant.missed ?? 0}`,
    `at-once ${OPEN_AT_ONCE}`,
    `warmup ${size.warmupMs}`,
    `time ${size.windowMs}`,
    `limit ${OPEN_LIMIT_MS}`,
    `padding ${hex(padding)}`,
    `channels ${channels}`,
    ...dialects.map(dialectLine),
  ];
  if (history) {
    const [epoch = "", seq = ""] = history.cursor.split("-");
    lines.push(`epoch 0 ${epoch.padEnd(EPOCH_CHARACTERS)} ${Number.parseInt(seq, RADIX)}`);
  }
  if (peer.publisher === "http") {
    const bytes = JSON.stringify({ m: anyMark, text: padding }).length;
    const path = (peer.publishPath ?? "/").replaceAll("{channel}", `c${SLOT_COUNT}`);
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
    lines.push(`post ${hex(head + SLOT_PAYLOAD)}`);
  }
  const steps = stepLines(lines);
  for (let nth = 0; nth < all; nth++) {
    const dialect = dialects[nth % dialects.length];
    if (!dialect) throw new Error("A run needs a dialect.");
    const first = kind === "relay" ? Math.floor(nth / ROOM_OF_TWO) : nth;
    const own = Array.from({ length: perLink }, (_, more) => (first + more * STRIDE) % channels);
    const names = own.map((channel) => `c${channel}`);
    const cursors = Object.fromEntries(names.map((name) => [name, history?.cursor ?? "now"]));
    const link = { channels: names, cursors, client: `bench-client-${nth}`, host };
    lines.push(
      [
        "link",
        nth % dialects.length,
        Number(nth >= links), // frozen
        nth % ROOM_OF_TWO,
        own.join(","),
        dialect.steps.map((step) => steps(step, link)).join(","),
        kind === "relay" ? publishTemplate(dialect, link) : NONE,
        ...again(dialect, link),
      ].join(" "),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** @param {Dialect} dialect */
function dialectLine({ websocket, ids, heartbeat, publish, again }) {
  return [
    "dialect",
    Number(websocket),
    Number(again !== undefined),
    ids ? hex(ID_PREFIXES[ids]) : NONE,
    heartbeat ? hex(heartbeat.ping) : NONE,
    heartbeat ? hex(maskedFrame(heartbeat.as, heartbeat.pong)) : NONE,
    publish ? OPCODES[publish.as] : 0,
    publish ? hex(publish.ack) : NONE,
  ].join(" ");
}

/**
 * Steps are lines of their own; the same step of two links is one.
 * @param {string[]} lines
 */
function stepLines(lines) {
  let count = 0;
  /** @type {Map<string, number>} */
  const known = new Map();
  return (/** @type {Step} */ step, /** @type {LinkVariables} */ link) => {
    const bytes = bytesOf(step.send, link);
    const expect = `${hex(bytesOf(step.expect, link))} ${step.each ? link.channels.length : 1}`;
    const key = `${step.as} ${hex(bytes)} ${expect}`;
    let number = known.get(key);
    if (number === undefined) {
      number = count++;
      known.set(key, number);
      lines.push(`step ${hex(step.as === "raw" ? bytes : maskedFrame(step.as, bytes))} ${expect}`);
    }
    return number;
  };
}

/**
 * The request that follows each answer of a long-poll, and where in it the cursor goes.
 * @param {Dialect} dialect
 * @param {LinkVariables} link
 */
function again(dialect, link) {
  if (dialect.again === undefined) return [NONE, 0];
  const text = bytesOf(dialect.again, link, CURSOR).toString();
  return [hex(text.replace(CURSOR, "_".repeat(CURSOR_BYTES))), text.indexOf(CURSOR)];
}

/**
 * @param {Dialect} dialect
 * @param {LinkVariables} link
 */
function publishTemplate({ publish }, { client, channels: [channel = ""] }) {
  if (!publish) return NONE;
  const text = publish.send
    .replaceAll("{key}", `${client}.${SLOT_COUNT}`)
    .replaceAll("{count}", SLOT_COUNT)
    .replaceAll("{payload}", SLOT_PAYLOAD)
    .replaceAll("{channel}", channel);
  return hex(text);
}

/**
 * @param {Send} send
 * @param {LinkVariables} link
 * @param {string} [cursor] in place of the first channel's
 */
function bytesOf(send, link, cursor) {
  if (typeof send === "function") return Buffer.from(send(link));
  const [channel = ""] = link.channels;
  return Buffer.from(
    send
      .replaceAll("{channels:json}", JSON.stringify(link.channels))
      .replaceAll("{cursors:json}", JSON.stringify(link.cursors))
      .replaceAll(CURSOR, cursor ?? link.cursors[channel] ?? "")
      .replaceAll("{channel}", channel)
      .replaceAll("{client}", link.client)
      .replaceAll("{host}", link.host),
  );
}

/**
 * @param {"text" | "binary"} as
 * @param {string | Uint8Array} payload
 */
function maskedFrame(as, payload) {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4).map((byte) => byte | 1); // never 0
  const length = bytes.length < 126 ? [0x80 | bytes.length] : [0x80 | 126, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([
    Buffer.from([0x80 | OPCODES[as], ...length]),
    mask,
    bytes.map((byte, nth) => byte ^ (mask[nth % 4] ?? 0)),
  ]);
}

/** @param {string | Uint8Array} bytes */
function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}
