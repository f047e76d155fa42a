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
 * @property {Dialect} dialect
 * @property {{ port: number, control: number, pid: number }} server
 * @property {number} cpu of the server; -1: not pinned
 */

const OPCODES = { text: 1, binary: 2 };
const NONE = "-";
const ROOM_OF_TWO = 2;
const OPEN_AT_ONCE = 50;
const OPEN_LIMIT_MS = 30_000;
// Bytes that the load generator replaces in each publish.
const SLOT_COUNT = "\x01";
const SLOT_PAYLOAD = "\x02";

/** @param {Pick<PlanOptions, "kind" | "size">} options */
export function channelsOf({ kind, size }) {
  return kind === "relay" ? size.links / ROOM_OF_TWO : 1;
}

/** @param {PlanOptions} options */
export function planText(options) {
  const { kind, variant, size, peer, dialect, server, cpu } = options;
  const channels = channelsOf(options);
  const { text: padding, m: anyMark } = payloadObject(0, 1);
  const host = `127.0.0.1:${server.port}`;
  const lines = [
    `kind ${kind}`,
    `port ${server.port}`,
    `control ${server.control}`,
    `cpu ${cpu}`,
    `pid ${server.pid}`,
    `batch ${variant.batch ?? 1}`,
    `window ${variant.window ?? 1}`,
    `in-flight ${variant.inFlight ?? 0}`,
    `at-once ${OPEN_AT_ONCE}`,
    `warmup ${size.warmupMs}`,
    `time ${size.windowMs}`,
    `limit ${OPEN_LIMIT_MS}`,
    `padding ${hex(padding)}`,
    `channels ${channels}`,
    dialectLine(dialect),
  ];
  if (peer.publisher === "http") {
    const bytes = JSON.stringify({ m: anyMark, text: padding }).length;
    const path = (peer.publishPath ?? "/").replaceAll("{channel}", `c${SLOT_COUNT}`);
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
    lines.push(`post ${hex(head + SLOT_PAYLOAD)}`);
  }
  const steps = stepLines(lines);
  for (let nth = 0; nth < size.links; nth++) {
    const channel = kind === "relay" ? Math.floor(nth / ROOM_OF_TWO) : 0;
    const name = `c${channel}`;
    const link = { channels: [name], cursors: { [name]: "now" }, client: `bench-client-${nth}`, host };
    const numbers = dialect.steps.map((step) => steps(step, link)).join(",");
    const publish = kind === "relay" ? publishTemplate(dialect, link) : NONE;
    lines.push(`link 0 0 ${nth % ROOM_OF_TWO} ${channel} ${numbers} ${publish} ${NONE} 0`);
  }
  return `${lines.join("\n")}\n`;
}

/** @param {Dialect} dialect */
function dialectLine({ websocket, ids, heartbeat, publish }) {
  return [
    "dialect",
    Number(websocket),
    0, // no long-poll
    ids === "json" ? hex('"i":"') : NONE,
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
 */
function bytesOf(send, link) {
  if (typeof send === "function") return Buffer.from(send(link));
  const [channel = ""] = link.channels;
  return Buffer.from(
    send
      .replaceAll("{channels:json}", JSON.stringify(link.channels))
      .replaceAll("{cursors:json}", JSON.stringify(link.cursors))
      .replaceAll("{cursor}", link.cursors[channel] ?? "")
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
