/** Eitherway over each of its transports. */
import { existsSync, readFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/root.js";
import { eventStream, post, upgrade } from "../lib/handshakes.js";
import { nodeServer } from "../lib/npm-peer.js";

/** @typedef {import("../lib/types.js").LinkVariables} LinkVariables */

const LIVE = '"t":"live"';
const POLL_WAIT_S = 25;

/** Of the binary form: PROTOCOL.md, section 5. */
const BINARY = { hello: 0x41, live: 0x02, ping: "\x07", pong: "\x45", noFlags: 0, cursorNow: 1, cursorId: 2 };

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "eitherway",
  title: "Eitherway",
  note: "the built package, all promises on, default limits except links and channels",
  version: async () => JSON.parse(readFileSync(inRoot("packages", "eitherway", "package.json"), "utf8")).version,
  async missing() {
    const built = existsSync(inRoot("packages", "eitherway", "dist", "node", "index.js"));
    return built ? undefined : "the package is not built; npm run build does it";
  },
  command: nodeServer("eitherway"),
  publisher: "control",
  dialects: {
    websocket: {
      websocket: true,
      ids: "json",
      steps: [upgrade("/eitherway", "eitherway.v1.json"), { send: hello, as: "text", expect: LIVE, each: true }],
      heartbeat: { ping: '{"t":"ping"}', pong: '{"t":"pong"}', as: "text" },
      publish: { send: '{"t":"publish","k":"{key}","c":"{channel}","d":{payload}}', as: "text", ack: '"t":"ok"' },
    },
    binary: {
      websocket: true,
      steps: [
        upgrade("/eitherway", "eitherway.v1.binary"),
        { send: binaryHello, as: "binary", expect: lastBinaryLive },
      ],
      heartbeat: { ping: BINARY.ping, pong: BINARY.pong, as: "binary" },
    },
    sse: {
      websocket: false,
      ids: "json",
      steps: [{ send: post("/eitherway/stream", hello), as: "raw", expect: LIVE, each: true }],
    },
    events: {
      websocket: false,
      ids: "events",
      // A block that is only an id says where the channel stands.
      steps: [
        eventStream((channels) => `/eitherway/events?${channels.map((name) => `channel=${name}`).join("&")}`, "id: "),
      ],
    },
    poll: {
      websocket: false,
      ids: "json",
      steps: [{ send: post("/eitherway/poll", (link) => hello(link, 0)), as: "raw", expect: LIVE, each: true }],
      again: post("/eitherway/poll", ({ channels: [channel = ""], ...link }) =>
        hello({ ...link, cursors: { [channel]: "{cursor}" } }, POLL_WAIT_S),
      ),
    },
  },
};

/**
 * @param {Pick<LinkVariables, "client" | "cursors">} link
 * @param {number} [wait] seconds, of a long-poll
 */
function hello({ client, cursors }, wait) {
  return JSON.stringify({ t: "hello", v: 1, client, channels: cursors, wait });
}

/** @param {LinkVariables} link */
function binaryHello({ client, cursors }) {
  const channels = Object.entries(cursors);
  return Buffer.concat([
    Buffer.from([BINARY.hello, 1]),
    binaryText(client),
    Buffer.from([BINARY.noFlags, channels.length]),
    ...channels.flatMap(([name, cursor]) => [binaryText(name), binaryCursor(cursor)]),
  ]);
}

/** Subscriptions from `now` answer in the order of the hello. @param {LinkVariables} link */
function lastBinaryLive({ channels }) {
  return Buffer.concat([Buffer.from([BINARY.live]), binaryText(channels.at(-1) ?? "")]);
}

/** @param {string} text shorter than 128 bytes, so that its length is one */
function binaryText(text) {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

/** @param {string} cursor */
function binaryCursor(cursor) {
  if (cursor === "now") return Buffer.from([BINARY.cursorNow]);
  const [epoch = "", seq = ""] = cursor.split("-");
  return Buffer.concat([Buffer.from([BINARY.cursorId]), Buffer.from(epoch), binaryNumber(Number.parseInt(seq, 36))]);
}

/** @param {number} value */
function binaryNumber(value) {
  const bytes = [];
  for (; value > 0x7f; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}
