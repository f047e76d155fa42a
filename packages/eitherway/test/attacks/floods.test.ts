/** More than anybody should send, slower than anybody should send it, and never to its end. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { createNodeServer, eitherway } from "../../src/node/index.ts";
import { HANDSHAKE } from "../node/handshakes.ts";
import { eventually, listen, type RawConnection, rawConnect } from "../node/support.ts";
import { frame, more, ping, text } from "../support/websocket-frames.ts";
import { ask, BASE, bearer, hello, openPeer, openSite, type Peer, pause, type Site, tokenOf } from "./support.ts";

const ATTACKER = tokenOf("mallory", { "room/*": ["*"] });
const ROOM = `${BASE}/channels/room/1`;
const KIB = 1024;

/** Short enough for a test, long enough for a busy machine to take the hello of a guest in time. */
const SHORT = { helloMs: 1_500, bodyMs: 1_500, frameBytes: 8 * KIB, messageBytes: 4 * KIB };

const HEAD = Object.entries({ host: "localhost", ...HANDSHAKE, "sec-websocket-protocol": "eitherway.v1.json" })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

/** A WebSocket that says bytes. */
async function openRaw({ port }: Pick<Site, "port">, more = ""): Promise<RawConnection> {
  const connection = await rawConnect(port, `GET ${BASE} HTTP/1.1\r\n${HEAD}${more}\r\n`);
  await connection.has("\r\n\r\n");
  return connection;
}

const PUBLISHER = `host: localhost\r\nauthorization: Bearer ${ATTACKER}\r\ncontent-type: text/plain\r\n`;

const HELLO = text(JSON.stringify({ t: "hello", v: 1, client: "mallory", token: ATTACKER }));

/** Writes again and again until the other end has had enough; never ahead of what the kernel takes. */
async function dribble(socket: Socket, part: string | Uint8Array, ms = 20): Promise<void> {
  socket.on("error", () => {});
  while (!socket.destroyed && socket.writable) {
    if (!socket.write(part)) await pause(ms);
    await pause(ms);
  }
}

describe("who is slow on purpose is cut off at the deadline, however busy he is (P6, P12)", () => {
  test("no hello, and a hello without end", async () => {
    const site = await openSite({ limits: SHORT });
    const silent = await openRaw(site);
    const fragmented = await openRaw(site);
    fragmented.socket.write(text('{"t":"hello"', { final: false }));
    void dribble(fragmented.socket, more("", { final: false }));
    const pinging = await openRaw(site);
    void dribble(pinging.socket, ping("x"));
    for (const connection of [silent, fragmented, pinging]) {
      expect(await connection.has("hello-timeout")).toContain("101 Switching");
    }
    await site.guests.noticedNothing();
    expect(site.stats().counters["hellos.refused.hello-timeout"]).toBe(3);
  });

  test.each(["commands", "stream", "poll", "channels/room/1"])("a body of %s", async (door) => {
    const site = await openSite({ limits: SHORT });
    const head = `POST ${BASE}/${door} HTTP/1.1\r\n${PUBLISHER}content-length: 4000\r\n\r\n`;
    const slow = await rawConnect(site.port, head);
    void dribble(slow.socket, " ");
    expect(await slow.has(/"retry":(?:true|false)/)).toContain('"code":"body-timeout"');
    await site.guests.noticedNothing();
  });

  test("a head", async () => {
    const server = createNodeServer({ headersMs: 1_000, checkMs: 100 });
    const port = await listen(server);
    const site = await openSite({
      create: (options) => {
        const ew = eitherway(options);
        ew.attach(server);
        return { ...ew, listen: async () => ({ port, url: `http://127.0.0.1:${port}${BASE}` }) };
      },
    });
    const slow = await rawConnect(site.port, `GET ${ROOM} HTTP/1.1\r\nhost: localhost\r\nx: `);
    void dribble(slow.socket, "x");
    expect(await slow.ended()).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"head-timeout"/);
    await site.guests.noticedNothing();
    expect(site.stats().counters["requests.refused.head-timeout"]).toBe(1);
  });

  test("answers that are not taken", async () => {
    const site = await openSite({ limits: { slowMs: 1_000, linkBytes: 16 * KIB } });
    const peer = await openPeer(site);
    peer.send(hello(ATTACKER, { "room/1": "now" }));
    expect(await peer.answer()).toBe("in");
    peer.socket.pause();
    const headers = { ...bearer(ATTACKER), "content-type": "text/plain" };
    const filled = eventually(() => (site.stats().counters["links.closed.slow"] ?? 0) > 0);
    let over = false;
    void filled.then(() => {
      over = true;
    });
    while (!over) await ask(site, "POST", ROOM, headers, "x".repeat(60 * KIB));
    await site.guests.noticedNothing();
  });
});

describe("what is no request is refused before anything is made of it (P6, P12)", () => {
  test.each<readonly [what: string, said: string, status: number, code: string]>([
    [
      "a head without end",
      `GET ${ROOM} HTTP/1.1\r\nhost: localhost\r\n${"name: value\r\n".repeat(4 * KIB)}`,
      431,
      "head-too-large",
    ],
    ["a URL without end", `GET ${ROOM}?${"x".repeat(40 * KIB)}`, 431, "head-too-large"],
    ["bytes that are no HTTP", `\u0016\u0003\u0001${ATTACKER}\r\n\r\n`, 400, "bad-request"],
  ])("%s", async (_, said, status, code) => {
    const site = await openSite();
    const answer = await (await rawConnect(site.port, said)).ended();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*"code":"${code}"`));
    expect(answer).not.toContain(ATTACKER);
    await site.guests.noticedNothing();
    expect(site.stats().counters[`requests.refused.${code}`]).toBe(1);
  });
});

describe("frames that lie or never end (P6, P12)", () => {
  test.each<readonly [what: string, frames: readonly Uint8Array[], code: string]>([
    ["a length of 2^63 - 1", [frame(1, { says: 2n ** 63n - 1n })], "too-large"],
    ["a length of 2^64 - 1", [frame(1, { says: 2n ** 64n - 1n })], "bad-frame"],
    ["a length of 4 GiB", [frame(2, { says: 2n ** 32n })], "too-large"],
    [
      "fragments without end",
      [text("x", { final: false }), ...Array(40).fill(more("x".repeat(256), { final: false }))],
      "too-large",
    ],
    ["a compressed message", [text(gzipSync("x".repeat(4_000)), { reserved: 0x40 })], "bad-frame"],
  ])("%s", async (_, frames, code) => {
    const site = await openSite({ limits: SHORT });
    for (const before of [[], [HELLO]]) {
      const connection = await openRaw(site, "sec-websocket-extensions: permessage-deflate\r\n");
      expect(connection.text().toLowerCase()).not.toContain("extensions"); // so nothing is ever inflated
      connection.socket.write(Buffer.concat([...before, ...frames]));
      expect(await connection.ended()).toContain(`"code":"${code}"`);
    }
    await site.guests.noticedNothing();
  });

  test("messages that are never finished, more than the server holds: the first of them goes, to come back", async () => {
    const site = await openSite({ limits: { frameBytes: 16 * KIB * KIB } });
    const most = text("x".repeat(16 * KIB * KIB), { final: false });
    const links: RawConnection[] = [];
    for (let i = 0; i < 5; i++) {
      const connection = await openRaw(site);
      links.push(connection);
      connection.socket.write(Buffer.concat([HELLO, most, ping(`read ${i}`)]));
      await connection.has(`read ${i}`);
    }
    for (const [i, { text: said }] of links.entries()) expect(said().includes('"code":"unavailable"')).toBe(i === 0);
    expect(site.stats().counters).toMatchObject({ "frames.rejected.unavailable": 1, "links.closed.unavailable": 1 });
    await site.guests.noticedNothing();
  });

  test("bodies that say they are compressed are read as they are; answers are never compressed", async () => {
    const site = await openSite({ limits: SHORT });
    const headers = { ...bearer(ATTACKER), "content-type": "application/json", "content-encoding": "gzip" };
    const bomb = gzipSync(JSON.stringify("x".repeat(1_000_000)));
    expect((await ask(site, "POST", ROOM, headers, bomb)).code).toBe("bad-utf8");
    expect((await ask(site, "POST", `${BASE}/commands`, headers, bomb)).code).toBe("bad-utf8");
    const answer = await ask(site, "GET", ROOM, { ...headers, "accept-encoding": "gzip, br" });
    expect(answer.head.toLowerCase()).not.toContain("content-encoding");
    await site.guests.noticedNothing();
  });
});

describe("floods (P6)", () => {
  test("of pings, by somebody who takes no pongs", async () => {
    const site = await openSite();
    const connection = await openRaw(site);
    connection.socket.write(HELLO);
    await connection.has("welcome");
    connection.socket.pause();
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => ping("x".repeat(125))));
    for (let i = 0; i < PING_ROUNDS; i++) if (!connection.socket.write(many)) await pause(5);
    connection.socket.resume();
    connection.socket.write(ping("the last"));
    await connection.has("the last");
    // What the kernel had taken comes, and of all others the newest: had they waited, each would come.
    expect(connection.bytes().length).toBeLessThan((PING_ROUNDS * many.length) / 2);
    await site.guests.noticedNothing();
  });

  test("of subscriptions: what is over the limit is refused, and makes no log", async () => {
    const site = await openSite({ limits: { subscriptions: 20 } });
    const peer = await openPeer(site);
    peer.send(hello(ATTACKER));
    const before = site.stats().broker.channels;
    const names = Array.from({ length: 1_000 }, (_, i) => `room/${i}`);
    for (const name of names) peer.send({ t: "subscribe", channels: new Map([[name, "start"]]) });
    peer.send({ t: "subscribe", channels: new Map(names.map((name) => [`${name}-at-once`, "start"])) });
    const codes = new Map<string, number>();
    for (let i = 0; i < 2 * names.length; i++) {
      const code = await peer.answer();
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(Object.fromEntries(codes)).toEqual({ in: 20, "too-many-subscriptions": 2 * names.length - 20 });
    expect(site.stats().broker.channels - before).toBe(20);
    await site.guests.noticedNothing();
  });

  test.each<readonly [door: string, come: (site: Site) => Promise<string>]>([
    [
      "WebSocket",
      async (site) => {
        const peer = await openPeer(site);
        peer.send(hello(ATTACKER, TWENTY));
        return peer.answer();
      },
    ],
    ["stream", (site) => say(site, "stream")],
    ["poll", (site) => say(site, "poll")],
    [
      "events",
      (site) =>
        read(
          site,
          `events?${Object.keys(TWENTY)
            .map((name) => `channel=${name}`)
            .join("&")}`,
        ),
    ],
    ["history", (site) => read(site, "channels/room/1?after=start")],
    ["presence", (site) => read(site, "channels/room/1/@presence")],
  ])(
    "of reads of all that is kept, over %s: one user gets no more than his rate, nobody else is slower",
    async (_, come) => {
      const site = await openSite({ limits: { commandsPerSecond: 10, commandBurst: 20 } });
      let code = "in";
      for (let i = 0; code === "in" && i < 100; i++) code = await come(site);
      expect(code).toBe("rate-limited");
      const { counters } = site.stats();
      expect(counters["links.refused.rate-limited"] ?? counters["commands.refused.rate-limited"]).toBe(1);
      await site.guests.noticedNothing();
    },
  );

  test("of channels that are only asked about: none makes a log", async () => {
    const site = await openSite();
    const before = site.stats().broker.channels;
    for (let i = 0; i < 200; i++) {
      await ask(site, "GET", `${BASE}/channels/room/${i}`, bearer(ATTACKER));
      await ask(site, "GET", `${BASE}/channels/room/${i}/@presence`, bearer(ATTACKER));
    }
    expect(site.stats().broker.channels).toBe(before);
    await site.guests.noticedNothing();
  });

  test("of keys: the oldest go, the memory stays, and who behaves is applied once all the same (P5)", async () => {
    const keys = 500;
    const site = await openSite({ limits: { keys } });
    const peer = await openPeer(site);
    peer.send(hello(ATTACKER));
    const payload = { kind: "text", data: "x" } as const;
    for (let i = 0; i < 10; i++) {
      for (let j = 0; j < 200; j++) {
        peer.send({ t: "publish", key: `foreign-${i}-${j}`, channel: "room/1", event: "message", payload });
      }
      for (let j = 0; j < 200; j++) expect(await peer.answer()).toBe("in");
      expect(site.stats().broker.keys).toBeLessThanOrEqual(keys);
    }
    await site.guests.noticedNothing();
  });

  test("of links: the newcomer is refused, who is in stays in, and there is room again when they are gone (X3)", async () => {
    const site = await openSite({ limits: { links: 20 } });
    const inside = site.stats().links;
    const peers: Peer[] = [];
    const codes: string[] = [];
    for (let i = 0; i < 40; i++) {
      try {
        const peer = await openPeer(site);
        peers.push(peer);
        peer.send(hello(ATTACKER, { "room/1": "now" }));
        codes.push(await peer.answer());
      } catch (refused) {
        codes.push(String(refused)); // before there is a link at all
      }
    }
    expect(codes.filter((code) => code === "in")).toHaveLength(20 - inside);
    expect(new Set(codes)).toEqual(new Set(["in", "Error: Unexpected server response: 503"]));
    for (const peer of peers) peer.socket.terminate();
    await eventually(() => site.stats().links === inside);
    const late = await openPeer(site);
    late.send(hello(ATTACKER, { "room/1": "now" }));
    expect(await late.answer()).toBe("in");
    await site.guests.noticedNothing();
  });

  test("of sockets that say no hello: beyond as many as there may be links, a handshake is answered 503 (X3)", async () => {
    const links = 20;
    const site = await openSite({ limits: { links } });
    for (let i = 0; i < links; i++) await openRaw(site);
    const late = await (await openRaw(site)).ended();
    expect(late).toContain("503 Service Unavailable");
    expect(late).toContain("retry-after: ");
    await site.guests.noticedNothing();
  });

  const CONNECTIONS = Number(process.env.EITHERWAY_ATTACK_CONNECTIONS ?? 1_500);

  test.each<readonly [what: string, said: string]>([
    ["say nothing", ""],
    ["break off in their head", `GET ${ROOM} HTTP/1.1\r\nhost: `],
    ["break off in their body", `POST ${ROOM} HTTP/1.1\r\n${PUBLISHER}content-length: 9\r\n\r\nx`],
    ["break off behind a handshake", `GET ${BASE} HTTP/1.1\r\n${HEAD}\r\n`],
    ["break off behind a hello", `GET ${BASE} HTTP/1.1\r\n${HEAD}\r\n`],
  ])(
    `of ${CONNECTIONS} connections that %s`,
    async (what, said) => {
      const site = await openSite({ limits: UNLIMITED });
      const { links, timers } = site.stats();
      const bytes = what.endsWith("hello") ? Buffer.concat([Buffer.from(said), HELLO]) : Buffer.from(said);
      for (let left = CONNECTIONS; left > 0; left -= AT_ONCE) await knockAndReset(site, bytes, Math.min(left, AT_ONCE));
      await eventually(() => site.stats().links === links && site.stats().timers <= timers + SLACK);
      const client = createClient({ url: site.url, transport: "websocket", token: ATTACKER });
      onTestFinished(() => client.close());
      expect(await client.channel("room/1").publish("still there")).toHaveProperty("id");
      await site.guests.noticedNothing();
      expect(site.errors).toEqual([]);
    },
    120_000,
  );
});

const TWENTY = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`room/${i}`, "start"]));

async function say(site: Site, door: string): Promise<string> {
  const said = JSON.stringify({ t: "hello", v: 1, client: "mallory", token: ATTACKER, channels: TWENTY, wait: 0 });
  return (await ask(site, "POST", `${BASE}/${door}`, { "content-type": "application/json" }, said)).code;
}

async function read(site: Site, path: string): Promise<string> {
  return (await ask(site, "GET", `${BASE}/${path}`, bearer(ATTACKER))).code;
}

/** So that what is given back is given back because they are gone, and not in its time. */
const UNLIMITED = { helloMs: 600_000, bodyMs: 600_000 };

const AT_ONCE = 50;

/** Together 33 MB: far more than the buffers of two sockets. */
const PING_ROUNDS = 250;

/** Guests ping and publish meanwhile. */
const SLACK = 4;

/** Connects, says something, and is gone without a word once it is read: by a reset, so that nothing waits on this side. */
async function knockAndReset(site: Site, said: Uint8Array, times: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: times }, () => knock(site.port, said)));
  await ask(site, "GET", "/nowhere"); // who comes later is read later
  for (const socket of sockets) socket.resetAndDestroy();
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
}

async function knock(port: number, said: Uint8Array): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  if (said.length > 0) await new Promise((resolve) => socket.write(said, resolve));
  return socket;
}
