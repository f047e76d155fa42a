/** Names that mean to reach a channel which the token does not name: over every door, to the byte. */
import { describe, expect, test } from "vitest";
import { type ClientFrame, jsonClientCodec, type Payload } from "../../src/protocol/index.ts";
import { plant } from "../support/witness.ts";
import {
  ask,
  BASE,
  bearer,
  CODECS,
  type Codec,
  hello,
  openPeer,
  openSite,
  type Peer,
  type Site,
  tokenOf,
} from "./support.ts";

/** What the attacker is allowed. */
const ATTACKER = tokenOf("mallory", { "open/**": ["*"], "room/mine": ["*"], "room/caf\u00e9": ["*"] });
const OWNER = tokenOf("ana", { "**": ["*"] });
const SECRET_TEXT = plant("planted: what ana said, b05c9d41");
/** What the attacker wants to read, and to write into. */
const SECRET_CHANNEL = "room/secret";

const PAYLOAD: Payload = { kind: "text", data: "from mallory" };

/** A name, what reading it gives, and what writing to it does where that is another code. */
type Escape = readonly [what: string, name: string, reading: string, writing?: string];

const ESCAPES: readonly Escape[] = [
  ["the name itself", "room/secret", "forbidden"],
  ["case", "ROOM/secret", "forbidden"],
  ["case of what is allowed", "room/Mine", "forbidden"],
  ["a blank behind it", "room/secret ", "forbidden"],
  ["an escape that is only text", "room%2Fsecret", "forbidden"],
  ["an escape below what is not allowed", "room/%6dine", "forbidden"],
  ["the parent of what is allowed", "open", "forbidden"],
  ["a backslash", "open\\..\\room\\secret", "forbidden"],
  ["a slash of full width", "open\uff0f..\uff0froom\uff0fsecret", "forbidden"],
  ["a pattern", "room/*", "forbidden"],
  ["every pattern", "**", "forbidden"],
  ["a name that every object has", "__proto__", "forbidden"],
  ["dots", "open/../room/secret", "bad-channel"],
  ["one dot", "open/./room", "bad-channel"],
  ["dots at the end", "open/x/..", "bad-channel"],
  ["an empty segment", "open//room", "bad-channel"],
  ["a slash before", "/room/secret", "bad-channel"],
  ["a slash behind", "room/secret/", "bad-channel"],
  ["NUL", "room/mine\u0000/secret", "bad-channel"],
  ["line ends", "room/mine\r\nroom/secret", "bad-channel"],
  ["a C1 control", "room/mine\u0085", "bad-channel"],
  ["NFD of what is allowed in NFC", "room/cafe\u0301", "bad-channel"],
  ["201 bytes", `open/${"x".repeat(196)}`, "bad-channel"],
  ["the presence of the channel", "@presence/room/secret", "forbidden", "reserved-channel"],
  ["a stream of the channel", "@stream/room/secret/answer", "forbidden", "reserved-channel"],
  ["the presence of a stream", "@presence/@stream/open/x", "reserved-channel"],
  ["dots behind a presence", "@presence/open/../room/secret", "bad-channel", "bad-channel"],
  ["the control log", "@control", "reserved-channel"],
  ["a log of nobody", "@other/open/x", "reserved-channel"],
  ["a reserved segment within", "open/@presence/room", "reserved-channel"],
];

const TARGETS: readonly (readonly [target: string, code: string])[] = [
  ["/channels/room%2Fsecret", "forbidden"],
  ["/channels/room%2fsecret", "forbidden"],
  ["/channels/%72oom/secret", "forbidden"],
  ["/channels/room%252Fsecret", "forbidden"],
  ["/channels/room/secret;open/x", "forbidden"],
  ["/channels/room/secret?channel=open/x", "forbidden"],
  ["/channels/open/../room/secret", "bad-channel"],
  ["/channels/open/%2e%2e/room/secret", "bad-channel"],
  ["/channels/open/%2E./room/secret", "bad-channel"],
  ["/channels/open%2f..%2froom%2fsecret", "bad-channel"],
  ["/channels//room/secret", "bad-channel"],
  ["/channels/room/secret/", "bad-channel"],
  ["/channels/room/secret%00", "bad-channel"],
  ["/channels/room/mine%0d%0aroom/secret", "bad-channel"],
  ["/channels/room%c0%afsecret", "bad-request"],
  ["/channels/room%e0%80%afsecret", "bad-request"],
  ["/channels/room/mine%c0%80", "bad-request"],
  ["/channels/room/%ed%a0%80", "bad-request"],
  ["/channels/room/%", "bad-request"],
  ["/channels/room/%u0073ecret", "bad-request"],
  ["/channels/open/x/@presence/../../../room/secret", "bad-channel"],
  ["/channels/open/x/@presence/room/secret", "reserved-channel"],
  ["/channels/open/x/%40presence", "reserved-channel"],
  ["/channels/open/../room/secret/@presence", "bad-channel"],
  ["/channels/@presence/@presence", "reserved-channel"],
  ["/CHANNELS/room/secret", "not-found"],
  ["/channels%2Froom/secret", "not-found"],
  ["/../eitherway/channels/room/secret", "not-found"],
  ["//channels/room/secret", "not-found"],
  ["/events?channel=open/x%00", "bad-channel"],
  ["/events?channel=room%c0%afsecret", "bad-request"],
  ["/events?channel=room%252Fsecret", "forbidden"],
  ["/events?channel=room%2Fsecret&channel=room%2Fsecret", "bad-request"],
  ["/events?channel[]=room/secret", "bad-request"],
  ["/events?Channel=room/secret", "bad-request"],
  ["/events?__proto__=room/secret", "bad-request"],
  ["/events?channel=@stream/room/secret/answer", "forbidden"],
];

const WRITES = (channel: string, key: string): readonly ClientFrame[] => [
  { t: "publish", key: `${key}-publish`, channel, event: "message", payload: PAYLOAD },
  { t: "announce", channel, event: "message", payload: PAYLOAD },
  { t: "call", key: `${key}-call`, channel, name: "send", payload: PAYLOAD },
  { t: "presence", key: `${key}-presence`, channel, state: "{}" },
];

interface Planted extends Site {
  /** What is in the channel, and who is there, by its owner. */
  untouched(): Promise<void>;
}

async function openPlanted(): Promise<Planted> {
  const site = await openSite();
  const path = `${BASE}/channels/${SECRET_CHANNEL}`;
  await ask(site, "POST", path, { ...bearer(OWNER), "content-type": "text/plain" }, SECRET_TEXT);
  return {
    ...site,
    async untouched() {
      const history = await ask(site, "GET", path, bearer(OWNER));
      expect(JSON.parse(history.body)).toMatchObject({ messages: [{ text: SECRET_TEXT, from: "ana" }] });
      const members = await ask(site, "GET", `${path}/@presence`, bearer(OWNER));
      expect(JSON.parse(members.body)).toMatchObject({ members: [] });
      await site.guests.noticedNothing();
      expect(site.errors).toEqual([]);
    },
  };
}

const encoded = (name: string): string => name.split("/").map(encodeURIComponent).join("/");

describe("a name that was not granted is refused by every door (P9, P12)", () => {
  test.each(Object.entries(CODECS))("frames in %s", async (_, codec) => {
    const site = await openPlanted();
    const peer = await openPeer(site, codec);
    peer.send(hello(ATTACKER));
    for (const [what, channel, reading, writing = reading] of ESCAPES) {
      peer.send({ t: "subscribe", channels: new Map([[channel, "start"]]) });
      expect([what, "subscribe", await peer.answer()]).toEqual([what, "subscribe", reading]);
      for (const frame of WRITES(channel, what.replaceAll(/[^a-z]/gi, ""))) {
        peer.send(frame);
        expect([what, frame.t, await peer.answer()]).toEqual([what, frame.t, writing]);
      }
    }
    await site.untouched();
  });

  test("names in a hello", async () => {
    const site = await openPlanted();
    for (const codec of Object.values(CODECS)) {
      const peer = await openPeer(site, codec);
      peer.send(hello(ATTACKER, Object.fromEntries(ESCAPES.map(([, name]) => [name, "start"]))));
      const refused = new Map<string, string>();
      while (refused.size < ESCAPES.length) {
        const frame = await peer.next();
        if (frame.t !== "error") throw new Error(`a frame ${frame.t}`);
        refused.set(frame.channel ?? "", frame.code);
      }
      for (const [, name, reading] of ESCAPES) expect([name, refused.get(name)]).toEqual([name, reading]);
    }
    await site.untouched();
  });

  test("lines of a batch, which are refused before any of them is done", async () => {
    const site = await openPlanted();
    for (const [what, channel, reading, writing = reading] of ESCAPES) {
      for (const frame of WRITES(channel, "k")) {
        const lines = [hello(ATTACKER), frame].map((one) => jsonClientCodec.writeClient(one)).join("\n");
        const { body } = await ask(site, "POST", `${BASE}/commands`, {}, lines);
        expect([what, frame.t, /"code":"([a-z-]+)"/.exec(body)?.[1]]).toEqual([what, frame.t, writing]);
      }
    }
    await site.untouched();
  });

  test("names in queries and paths, each escaped once", async () => {
    const site = await openPlanted();
    const headers = { ...bearer(ATTACKER), "content-type": "application/json", "eitherway-client": "mallory" };
    for (const [what, name, reading, writing = reading] of ESCAPES) {
      const events = await ask(site, "GET", `${BASE}/events?channel=${encodeURIComponent(name)}`, headers);
      const history = await ask(site, "GET", `${BASE}/channels/${encoded(name)}?after=start`, headers);
      expect([what, events.code, history.code]).toEqual([what, reading, reading]);
      const publish = await ask(site, "POST", `${BASE}/channels/${encoded(name)}`, headers, "{}");
      const enter = await ask(site, "POST", `${BASE}/channels/${encoded(name)}/@presence`, headers, "{}");
      const leave = await ask(site, "DELETE", `${BASE}/channels/${encoded(name)}/@presence`, headers);
      expect([what, publish.code, enter.code, leave.code]).toEqual([what, writing, writing, writing]);
    }
    await site.untouched();
  });

  test("targets, to the byte", async () => {
    const site = await openPlanted();
    for (const [target, code] of TARGETS) {
      const answer = await ask(site, "GET", `${BASE}${target}`, bearer(ATTACKER));
      expect([target, answer.code]).toEqual([target, code]);
    }
    await site.untouched();
  });

  test("a whole URL as the target, and what is escaped twice, name what they say and nothing else", async () => {
    const site = await openPlanted();
    const whole = await ask(site, "GET", `http://localhost${BASE}/channels/room/secret`, bearer(ATTACKER));
    expect(whole.code).toBe("forbidden");
    const twice = await ask(site, "GET", `${BASE}/channels/open/%252e%252e/room/secret`, bearer(ATTACKER));
    expect(JSON.parse(twice.body)).toMatchObject({ channel: "open/%2e%2e/room/secret", messages: [] });
    const both = await ask(
      site,
      "GET",
      `${BASE}/events?channel=open/x&channel=room/secret&after=start,start`,
      bearer(ATTACKER),
    );
    expect(both.body).not.toContain("planted");
    await site.untouched();
  });

  test("text that is no UTF-8 in frames: overlong slashes and halves of pairs", async () => {
    const site = await openPlanted();
    for (const [name, codec] of Object.entries(CODECS)) {
      for (const bytes of [
        [0xc0, 0xaf],
        [0xe0, 0x80, 0xaf],
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
      ]) {
        const peer = await openPeer(site, codec);
        peer.send(hello(ATTACKER));
        sendRaw(peer, codec, bytes);
        expect([name, bytes, await peer.closed()]).toEqual([name, bytes, "bad-utf8"]);
      }
    }
    const peer = await openPeer(site);
    peer.send(hello(ATTACKER));
    peer.send('{"t":"subscribe","channels":{"open/\\ud800":"start"}}');
    expect(await peer.answer()).toBe("bad-channel");
    await site.untouched();
  });
});

/** A subscription whose name has these bytes between its two segments. */
function sendRaw(peer: Peer, codec: Codec, bytes: readonly number[]): void {
  const stand = "?".repeat(bytes.length);
  const wire = codec.writeClient({ t: "subscribe", channels: new Map([[`room${stand}secret`, "start"]]) });
  const whole = Buffer.from(wire as string);
  whole.set(bytes, whole.indexOf(stand));
  peer.socket.send(whole, { binary: typeof wire !== "string" });
}
