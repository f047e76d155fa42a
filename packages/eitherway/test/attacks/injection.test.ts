/** Text that means to become a header, a line of an event stream, or a property of every object. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { channel, contract } from "../../src/contract/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { token } from "../server/tokens/support.ts";
import { AUDIENCE, ask, BASE, bearer, CODECS, hello, now, openPeer, openSite, type Site, tokenOf } from "./support.ts";

const OPEN = { "room/*": ["*"] };
const ATTACKER = tokenOf("mallory", OPEN);
const ROOM = `${BASE}/channels/room/1`;

/** What ends a line somewhere, or once it lost its upper bytes, with what would be a header and a line behind it. */
const LINE_ENDS: Readonly<Record<string, string>> = {
  CR: "\r",
  LF: "\n",
  CRLF: "\r\n",
  "two of them": "\r\n\r\n",
  escaped: "%0d%0a",
  NEL: "\u0085",
  "line separator": "\u2028",
  "letters whose lower bytes are CR and LF": "\u560d\u560a",
};

const planted = (end: string): string => `x${end}planted: 1${end}data: planted`;

/** In bytes as people send them: UTF-8, one character a byte. */
const asBytes = (text: string): string => Buffer.from(text).toString("latin1");

const HEADERS = [
  "idempotency-key",
  "eitherway-event",
  "eitherway-client",
  "last-event-id",
  "origin",
  "host",
  "authorization",
  "content-type",
  "cookie",
  "sec-fetch-site",
  "x-forwarded-for",
];

/** No line of what came is what was planted, be it a header or a field of an event. */
function isClean(answer: { readonly head: string; readonly body: string }): boolean {
  return ![answer.head, answer.body].some((text) => /(?:^|[\r\n\u0085\u2028])(?:planted|data: planted)/.test(text));
}

describe("line ends in headers (P12)", () => {
  test.each(HEADERS)("%s: nothing comes back as a header or as a line of a stream", async (name) => {
    const site = await openSite({ allowedOrigins: ["https://app.example"] });
    const base = { ...bearer(ATTACKER), "content-type": "application/json", "eitherway-client": "mallory" };
    for (const [what, end] of Object.entries(LINE_ENDS)) {
      const headers = { ...base, [name]: asBytes(planted(end)) };
      const answers = [
        await ask(site, "POST", ROOM, headers, "{}"),
        await ask(site, "GET", ROOM, headers),
        await ask(site, "POST", `${ROOM}/@presence`, headers, "{}"),
        await ask(site, "GET", `${BASE}/events?channel=room/1&after=start`, headers),
        await ask(site, "GET", `${BASE}/events?channel=room/1&channel=room/2`, headers),
        await ask(site, "POST", `${BASE}/tickets`, headers),
        await ask(site, "OPTIONS", ROOM, headers),
      ];
      expect([what, answers.filter((answer) => !isClean(answer))]).toEqual([what, []]);
      expect([what, answers.filter(({ status }) => status >= 500)]).toEqual([what, []]);
    }
    await site.guests.noticedNothing();
    expect(site.errors).toEqual([]);
  });

  test("and in those of a WebSocket's handshake", async () => {
    const site = await openSite();
    for (const end of Object.values(LINE_ENDS)) {
      for (const name of ["origin", "sec-websocket-protocol", "sec-websocket-key", "host"]) {
        const handshake = {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
          "sec-websocket-protocol": "eitherway.v1.json",
          origin: "http://localhost",
        };
        const answer = await ask(site, "GET", BASE, { ...handshake, [name]: asBytes(planted(end)) });
        expect([name, isClean(answer), answer.status < 500]).toEqual([name, true, true]);
      }
    }
    await site.guests.noticedNothing();
  });
});

describe("line ends in fields (P12)", () => {
  test("of frames: each refused by its name", async () => {
    const site = await openSite();
    const payload = { kind: "text", data: "x" } as const;
    for (const codec of Object.values(CODECS)) {
      const peer = await openPeer(site, codec);
      peer.send(hello(ATTACKER));
      const text = planted("\r\n");
      peer.send({ t: "publish", key: text, channel: "room/1", event: "message", payload });
      expect(await peer.answer()).toBe("bad-key");
      peer.send({ t: "publish", key: "k", channel: text, event: "message", payload });
      expect(await peer.answer()).toBe("bad-channel");
      peer.send({ t: "publish", key: "k", channel: "room/1", event: text, payload });
      expect(await peer.answer()).toBe("bad-event");
      peer.send({ t: "announce", channel: "room/1", event: text, payload });
      expect(await peer.answer()).toBe("bad-event");
      peer.send({ t: "subscribe", channels: new Map([[text, "now"]]) });
      expect(await peer.answer()).toBe("bad-channel");
      const named = await openPeer(site, codec);
      named.send(hello(ATTACKER, {}, text));
      expect(await named.closed()).toBe("bad-frame");
      const tokened = await openPeer(site, codec);
      tokened.send(hello(text));
      expect(await tokened.closed()).toBe("unauthorized");
    }
    await site.guests.noticedNothing();
  });

  test("of payloads: they stay data of a stream, whoever wrote them", async () => {
    const site = await openSite();
    const headers = { ...bearer(ATTACKER), "content-type": "text/plain", "eitherway-event": "bye" };
    const text = "x\nevent: forged\rid: FORGED\revent: forged\r\nid: FORGED\n\nretry: 1\n\rdata: planted\n\nplanted: 1";
    expect((await ask(site, "POST", ROOM, headers, text)).status).toBe(201);
    const one = await streamed(site, "channel=room/1&after=start");
    expect(one).toContain("event: message.bye\n");
    const several = await streamed(site, "channel=room/1&channel=room/2&after=start,start");
    const posted = await ask(site, "POST", `${BASE}/stream`, {}, helloText({ "room/1": "start" }));
    for (const body of [one, several, posted.body]) {
      const lines = body.split(/\r\n|\r|\n/).filter((line) => !/^(?:data: |: |:$|$)/.test(line));
      expect(lines.filter((line) => !/^(?:retry: \d{4}|id: [0-9a-z,-]+|event: message\.bye)$/.test(line))).toEqual([]);
      expect(body).not.toContain("\ndata: planted\ndata: x");
    }
    await site.guests.noticedNothing();
  });

  test("of a user's name: no such token is taken", async () => {
    const site = await openSite();
    const shown = token({ sub: planted("\n"), aud: AUDIENCE, exp: now() + 60, channels: OPEN });
    expect((await ask(site, "GET", ROOM, bearer(shown))).code).toBe("unauthorized");
    await site.guests.noticedNothing();
  });
});

const helloText = (channels: Readonly<Record<string, string>>): string =>
  JSON.stringify({ t: "hello", v: 1, client: "mallory", token: ATTACKER, channels });

async function streamed(site: Site, query: string): Promise<string> {
  return (await ask(site, "GET", `${BASE}/events?${query}`, bearer(ATTACKER))).body;
}

const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];

describe("keys that every object has (P12)", () => {
  test("are data in payloads and states, and come back as they came", async () => {
    const site = await openSite();
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const headers = { ...bearer(ATTACKER), "content-type": "application/json", "eitherway-client": "mallory" };
    expect((await ask(site, "POST", ROOM, headers, text)).status).toBe(201);
    expect((await ask(site, "GET", ROOM, headers)).body).toContain(`"data":${text}`);
    expect((await ask(site, "POST", `${ROOM}/@presence`, headers, text)).status).toBe(204);
    expect((await ask(site, "GET", `${ROOM}/@presence`, headers)).body).toContain(`"state":${text}`);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await site.guests.noticedNothing();
  });

  test("name nothing in frames, queries and headers", async () => {
    const site = await openSite();
    for (const name of NAMES) {
      const peer = await openPeer(site);
      peer.send(hello(ATTACKER, { [name]: "now" }));
      expect([name, await peer.answer()]).toEqual([name, "forbidden"]);
      peer.send(JSON.stringify({ t: name }));
      expect([name, await peer.answer()]).toEqual([name, "unknown-frame"]);
      peer.send(`{"t":"publish","k":"${name}","c":"room/1","${name}":{"t":"hello"},"d":{"${name}":1}}`);
      expect([name, await peer.answer()]).toEqual([name, "in"]);
      const headers = { ...bearer(ATTACKER), [name]: "planted" };
      expect((await ask(site, "GET", `${ROOM}?${name}=planted&${name}[limit]=1`, headers)).status).toBe(200);
      expect((await ask(site, "GET", `${BASE}/${name}`, headers)).code).toBe("not-found");
      expect((await ask(site, "GET", `${ROOM}?limit=${name}`, headers)).code).toBe("bad-request");
      expect((await ask(site, name, ROOM, headers)).status).toBe(400); // no method that HTTP knows
    }
    const inherited = await openPeer(site);
    inherited.send(`{"__proto__":{"t":"hello","v":1,"client":"mallory","token":"${ATTACKER}"}}`);
    expect(await inherited.closed()).toBe("unknown-frame");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await site.guests.noticedNothing();
    expect(site.errors).toEqual([]);
  });

  test("name no event, call or channel of a contract", async () => {
    const app = contract({
      room: channel("room/:id", { events: { message: z.unknown() }, calls: { send: { in: z.unknown() } } }),
    });
    const site = await openSite({ create: (options) => eitherway(app, options) });
    const payload = { kind: "json", data: "1" } as const;
    const peer = await openPeer(site);
    peer.send(hello(tokenOf("mallory", { "**": ["*"] })));
    for (const [i, name] of NAMES.entries()) {
      peer.send({ t: "call", key: `c${i}`, channel: "room/1", name, payload });
      expect([name, await peer.answer()]).toEqual([name, "unknown-call"]);
      peer.send({ t: "publish", key: `p${i}`, channel: "room/1", event: name, payload });
      expect([name, await peer.answer()]).toEqual([name, "unknown-event"]);
      peer.send({ t: "publish", key: `n${i}`, channel: name, event: "message", payload });
      expect([name, await peer.answer()]).toEqual([name, "unknown-channel"]);
    }
    await site.guests.noticedNothing();
  });
});
