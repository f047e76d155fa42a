/**
 * `npm run attack-costs`: what attacks cost a server of ours, as the table of SECURITY.md. About a minute. Processor time is that of the
 * server's process alone, so a busy machine makes it little worse; bytes are heap and buffers after a collection, without the kernel's.
 */
import { fork } from "node:child_process";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { markdownTable } from "../lib/markdown.js";

const SECRET = "a secret of 32 bytes or more, for these attacks alone";
const BASE = "/eitherway";
const MICROS_PER_MS = 1_000;
const KIB = 1_024;
const SETTLE_MS = 300;
const AT_ONCE = 100;

const SERVER_FILE = new URL("./server.js", import.meta.url);
const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** @typedef {{ cpuMicros: number, bytes: number, spent: number }} Usage */
/** @typedef {{ port: number, usage: () => Promise<Usage>, stop: () => void }} Attacked */
/** @typedef {{ what: string, count: number, unit: string, bound: string, attack: (server: Attacked, count: number) => Promise<() => void> }} Attack */

/** @typedef {{ secret: string } | { publicKey: string }} TokenKey */

/** @param {TokenKey} tokens @returns {Promise<Attacked>} */
async function startServer(tokens) {
  const child = fork(SERVER_FILE, [JSON.stringify(tokens)], { execArgv: ["--expose-gc"] });
  const [{ port }] = await once(child, "message");
  return {
    port,
    async usage() {
      await pause(SETTLE_MS);
      child.send("usage");
      const [usage] = await once(child, "message");
      return usage;
    },
    stop: () => void child.kill(),
  };
}

/** @type {TokenKey} */
const SHARED = { secret: SECRET };

/** @param {Attack} attack */
async function measure({ what, count, unit, bound, attack }, tokens = SHARED) {
  const server = await startServer(tokens);
  try {
    const warm = await attack(server, Math.ceil(count / 10));
    warm();
    const before = await server.usage();
    const end = await attack(server, count);
    const after = await server.usage();
    end();
    const cpu = (after.cpuMicros - before.cpuMicros - before.spent) / count;
    const bytes = (after.bytes - before.bytes) / count;
    console.error(`${what}: ${cpu.toFixed(1)} µs, ${bytes.toFixed(0)} bytes`);
    return [what, unit, (cpu / MICROS_PER_MS).toFixed(3), amount(bytes), bound];
  } finally {
    server.stop();
  }
}

/** @param {number} bytes */
function amount(bytes) {
  if (bytes < 10) return "0";
  return bytes < KIB ? `${Math.round(bytes)} B` : `${(bytes / KIB).toFixed(1)} KiB`;
}

// --- ways to attack ---

const HANDSHAKE = [
  `GET ${BASE} HTTP/1.1`,
  "host: localhost",
  "connection: Upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol: eitherway.v1.json",
  "\r\n",
].join("\r\n");

/**
 * Connections that say something and then nothing, held until the end.
 * @param {string} said
 * @param {string} [awaited] what the server says to each
 * @returns {Attack["attack"]}
 */
function held(said, awaited) {
  return async ({ port }, count) => {
    /** @type {import("node:net").Socket[]} */
    const sockets = [];
    let left = count;
    const open = async () => {
      while (left-- > 0) {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => {});
        sockets.push(socket);
        await once(socket, "connect");
        if (said !== "") socket.write(said);
        for (let text = ""; awaited !== undefined && !text.includes(awaited); )
          text += String((await once(socket, "data"))[0]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, open));
    return () => sockets.forEach((socket) => void socket.resetAndDestroy());
  };
}

const now = () => Math.floor(Date.now() / 1_000);

/** @param {object} head @param {(input: string) => Buffer} signed */
function tokenOf(head, signed) {
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: "mallory", aud: "costs", exp: now() + 3_600, channels: { "room/*": ["*"] } };
  const input = `${part(head)}.${part(claims)}`;
  return `${input}.${signed(input).toString("base64url")}`;
}

const hmacBy = (/** @type {string} */ key) => (/** @type {string} */ input) =>
  createHmac("sha256", key).update(input).digest();
const GOOD = tokenOf({ alg: "HS256" }, hmacBy(SECRET));

/** @param {Attacked} server @param {object} [channels] */
async function openLink({ port }, channels = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${BASE}`, ["eitherway.v1.json"], { perMessageDeflate: false });
  await once(socket, "open");
  socket.send(
    JSON.stringify({ t: "hello", v: 1, client: `c${Math.random().toString(36).slice(2)}`, token: GOOD, channels }),
  );
  await said(socket, "welcome");
  return socket;
}

/** @param {WebSocket} socket @param {string} part */
function said(socket, part) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      socket.on("message", (data) => {
        if (String(data).includes(part)) resolve();
      });
    })
  );
}

let round = 0;

/**
 * Frames over one link, up to the answer of a last one.
 * @param {(i: number) => object | Buffer} frame
 * @returns {Attack["attack"]}
 */
function frames(frame) {
  return async (server, count) => {
    round++;
    const socket = await openLink(server);
    for (let i = 0; i < count; i++) {
      const one = frame(i);
      socket.send(Buffer.isBuffer(one) ? one : JSON.stringify(one), { binary: false });
      if (socket.bufferedAmount > KIB * KIB) await new Promise((resolve) => setImmediate(resolve));
    }
    const last = said(socket, `"last-${round}"`);
    socket.send(JSON.stringify({ t: "publish", k: `last-${round}`, c: "room/last", d: 1 }));
    await last;
    return () => socket.terminate();
  };
}

/** @param {string} token @returns {Attack["attack"]} */
function shown(token) {
  return async ({ port }, count) => {
    const socket = connect(port, "127.0.0.1");
    let answers = 0;
    const all = new Promise((resolve) => {
      socket.on("data", (chunk) => {
        answers += String(chunk).split("HTTP/1.1 401").length - 1;
        if (answers >= count) resolve(undefined);
      });
    });
    const request = `GET ${BASE}/channels/room/1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n\r\n`;
    for (let i = 0; i < count; i++) socket.write(request);
    await all;
    return () => void socket.destroy();
  };
}

/** A frame that says it is longer than any may be: refused by its header. @type {Attack["attack"]} */
async function lyingFrames(server, count) {
  for (let i = 0; i < count; i++) {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      Buffer.concat([Buffer.from(HANDSHAKE), Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4])]),
    );
    socket.resume();
    await once(socket, "close");
  }
  return () => {};
}

/** Links that take nothing of what is published. @type {Attack["attack"]} */
async function slowReaders(server, count) {
  const publisher = await openLink(server);
  const readers = await Promise.all(Array.from({ length: count }, () => openLink(server, { "room/slow": "now" })));
  for (const reader of readers) reader.pause();
  for (let i = 0; i < SLOW_MESSAGES; i++) {
    const answered = said(publisher, `"slow-${round}-${i}"`);
    publisher.send(JSON.stringify({ t: "publish", k: `slow-${round}-${i}`, c: "room/slow", d: "x".repeat(32 * KIB) }));
    await answered;
    publisher.removeAllListeners("message");
  }
  round++;
  return () => [publisher, ...readers].forEach((socket) => void socket.terminate());
}

const SLOW_MESSAGES = 300; // about 10 MB, more than the kernel takes for a link

const payload = "x".repeat(100);
const unreadable = Buffer.from(`{"t":"publish","k":"k","c":"room/1","d":[${"1,".repeat(120 * KIB)}]`);

/** @type {readonly Attack[]} */
const ATTACKS = [
  {
    what: "silent connection",
    unit: "connection",
    count: 2_000,
    bound: "15 s, then `head-timeout`; sockets of the system",
    attack: held(""),
  },
  {
    what: "head that does not end",
    unit: "connection",
    count: 2_000,
    bound: "15 s, 32 KiB",
    attack: held(`GET ${BASE} HTTP/1.1\r\nhost: l`),
  },
  {
    what: "handshake without hello",
    unit: "connection",
    count: 2_000,
    bound: "`helloMs`, `links`",
    attack: held(HANDSHAKE, "101"),
  },
  {
    what: "frame that says 4 GiB",
    unit: "connection",
    count: 500,
    bound: "`frameBytes`: refused by its header",
    attack: lyingFrames,
  },
  {
    what: "240 KiB of a message that does not end",
    unit: "link",
    count: 200,
    bound: "`frameBytes`; all together 64 MiB, then the first goes",
    attack: unfinished,
  },
  {
    what: "240 KiB of JSON without its end",
    unit: "link",
    count: 100,
    bound: "`frameBytes`; ends the link",
    attack: brokenFrames,
  },
  {
    what: "subscriptions beyond the limit",
    unit: "frame",
    count: 50_000,
    bound: "`subscriptions`: no log is made",
    attack: subscriptions,
  },
  {
    what: "2,000 refused channels in one frame, answers unread",
    unit: "link",
    count: 100,
    bound: "1,000 more than `subscriptions`, `linkBytes`, `slowMs`",
    attack: refusals,
  },
  {
    what: "publishes, each with a key of its own",
    unit: "message",
    count: 50_000,
    bound: "`keys`, `logBytes`, retention",
    attack: keys,
  },
  {
    what: "one publish again and again",
    unit: "message",
    count: 50_000,
    bound: "first receipt again",
    attack: frames(() => ({ t: "publish", k: "same", c: "room/1", d: payload })),
  },
  {
    what: "forbidden publishes",
    unit: "message",
    count: 50_000,
    bound: "asked before any broker",
    attack: frames((i) => ({ t: "publish", k: `f${i}`, c: "secret", d: payload })),
  },
  { what: "pings", unit: "ping", count: 100_000, bound: "only the newest pong is kept", attack: pings },
  {
    what: "reader that takes nothing of 10 MB",
    unit: "link",
    count: 100,
    bound: "`linkBytes`, `slowMs`",
    attack: slowReaders,
  },
];

/** @type {Attack["attack"]} */
async function brokenFrames(server, count) {
  for (let i = 0; i < count; i++) {
    const socket = await openLink(server);
    socket.send(unreadable, { binary: false });
    await once(socket, "close");
  }
  return () => {};
}

/** Messages of which the last fragment never comes. @type {Attack["attack"]} */
async function unfinished(server, count) {
  const sockets = await Promise.all(Array.from({ length: count }, () => openLink(server)));
  for (const socket of sockets) {
    const pong = once(socket, "pong");
    socket.send("x".repeat(240 * KIB), { fin: false });
    socket.ping();
    await pong;
  }
  return () => sockets.forEach((socket) => void socket.terminate());
}

/** @type {Attack["attack"]} */
async function refusals(server, count) {
  const channels = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [i.toString(36), "now"]));
  const sockets = await Promise.all(Array.from({ length: count }, () => openLink(server)));
  for (const socket of sockets) {
    socket.pause();
    socket.send(JSON.stringify({ t: "subscribe", channels }));
  }
  return () => sockets.forEach((socket) => void socket.terminate());
}

/** @type {Attack["attack"]} */
async function subscriptions(server, count) {
  return frames((i) => ({ t: "subscribe", channels: { [`room/${i}`]: "now" } }))(server, count);
}

/** @type {Attack["attack"]} */
async function keys(server, count) {
  return frames((i) => ({ t: "publish", k: `key-${round}-${i}`, c: "room/1", d: payload }))(server, count);
}

/** @type {Attack["attack"]} */
async function pings(server, count) {
  const socket = await openLink(server);
  for (let i = 0; i < count; i++) {
    socket.ping("x".repeat(100));
    if (socket.bufferedAmount > KIB * KIB) await new Promise((resolve) => setImmediate(resolve));
  }
  const last = said(socket, '"last-ping"');
  socket.send(JSON.stringify({ t: "publish", k: "last-ping", c: "room/1", d: 1 }));
  await last;
  return () => socket.terminate();
}

const rows = [];
for (const attack of ATTACKS) rows.push(await measure(attack));
const forged = { unit: "request", count: 5_000, bound: "the sender's links and requests" };
rows.push(
  await measure({ ...forged, what: "bad token, HS256", attack: shown(tokenOf({ alg: "HS256" }, hmacBy("wrong"))) }),
);
const wrongKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const rsaToken = tokenOf({ alg: "RS256" }, (input) => sign("sha256", Buffer.from(input), wrongKey));
const rsaTokens = { publicKey: String(publicKey.export({ type: "spki", format: "pem" })) };
rows.push(await measure({ ...forged, what: "bad token, RS256", attack: shown(rsaToken) }, rsaTokens));
console.log(markdownTable(["attack", "each", "CPU ms", "bytes held", "bounded by"], rows, 2));
