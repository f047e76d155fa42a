/** What belongs to somebody else: tickets, receipts, keys, client ids, and what was sent before. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { channel, contract } from "../../src/contract/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { type ClientFrame, jsonClientCodec } from "../../src/protocol/index.ts";
import { ask, BASE, bearer, CODECS, type Headers, hello, openPeer, openSite, type Site, tokenOf } from "./support.ts";

const ROOM = `${BASE}/channels/room/1`;
const RIGHTS = { "room/*": ["*"] };
const ANA = tokenOf("ana", RIGHTS);
const BO = tokenOf("bo", RIGHTS);
const payload = { kind: "json", data: '"hi"' } as const;

/** The messages of the room, as `hi by ana`. */
async function said(site: Site): Promise<readonly string[]> {
  const { body } = await ask(site, "GET", ROOM, bearer(ANA));
  const { messages } = JSON.parse(body) as { messages: readonly { data?: string; text?: string; from: string }[] };
  return messages.map(({ data, text = data, from }) => `${text} by ${from}`);
}

async function present(site: Site): Promise<readonly string[]> {
  const { body } = await ask(site, "GET", `${ROOM}/@presence`, bearer(ANA));
  return (JSON.parse(body) as { members: readonly { member: string }[] }).members.map(({ member }) => member);
}

function batch(...frames: readonly ClientFrame[]): string {
  return frames.map((frame) => jsonClientCodec.writeClient(frame)).join("\n");
}

describe("a ticket (P9, P12)", () => {
  const ticket: Headers = { cookie: `eitherway-ticket=${ANA}` };
  const own: Headers = { ...ticket, "sec-fetch-site": "same-origin" };

  test.each<readonly [what: string, more: Headers]>([
    ["of a page on another site", { "sec-fetch-site": "cross-site" }],
    ["of a page on a sister site", { "sec-fetch-site": "same-site" }],
    ["of an address that somebody typed", { "sec-fetch-site": "none" }],
    ["of a browser that does not say", {}],
    ["of one that says it twice", { "sec-fetch-site": "same-origin, cross-site" }],
    ["of an origin that is not allowed", { "sec-fetch-site": "same-origin", origin: "https://evil.example" }],
  ])("%s opens nothing", async (_, more) => {
    const site = await openSite();
    const answer = await ask(site, "GET", `${BASE}/events?channel=room/1`, { ...ticket, ...more });
    expect(answer.code).toBe("origin-refused");
    expect(answer.head.toLowerCase()).not.toContain("access-control");
    await site.guests.noticedNothing();
  });

  test("reads events and does nothing else", async () => {
    const site = await openSite();
    expect((await ask(site, "GET", `${BASE}/events?channel=room/1`, own)).code).toBe("in");
    const json = { ...own, "content-type": "application/json", "eitherway-client": "c" };
    const lines = batch(hello(undefined), { t: "publish", key: "k", channel: "room/1", event: "message", payload });
    const others = [
      await ask(site, "POST", ROOM, json, "{}"),
      await ask(site, "GET", ROOM, own),
      await ask(site, "GET", `${ROOM}/@presence`, own),
      await ask(site, "POST", `${ROOM}/@presence`, json, "{}"),
      await ask(site, "DELETE", `${ROOM}/@presence`, json),
      await ask(site, "POST", `${BASE}/commands`, own, lines),
      await ask(site, "POST", `${BASE}/poll`, own, batch(hello(undefined))),
      await ask(site, "POST", `${BASE}/stream`, own, batch(hello(undefined))),
      await ask(site, "POST", `${BASE}/tickets`, own),
    ];
    expect(others.map(({ code }) => code)).toEqual(others.map(() => "unauthorized"));
    const socket = await openPeer(site);
    socket.send(hello(undefined));
    expect(await socket.closed()).toBe("unauthorized");
    expect(await said(site)).toEqual([]);
    await site.guests.noticedNothing();
  });

  test("a token in a URL is none", async () => {
    const site = await openSite();
    for (const name of ["token", "access_token", "authorization", "ticket", "eitherway-ticket"]) {
      expect((await ask(site, "GET", `${ROOM}?${name}=${ANA}`)).code).toBe("unauthorized");
      expect((await ask(site, "GET", `${BASE}/events?channel=room/1&${name}=${ANA}`)).code).toBe("unauthorized");
    }
    await site.guests.noticedNothing();
  });
});

/** A server with a call that tells who asked, and how often it ran. */
async function openCalls() {
  const app = contract({
    room: channel("room/:id", {
      events: { message: z.unknown() },
      presence: z.unknown(),
      calls: { secret: { in: z.unknown(), out: z.string() } },
    }),
  });
  const runs: (string | undefined)[] = [];
  const site = await openSite({
    create(options) {
      const ew = eitherway(app, options);
      ew.channel("room", {
        calls: {
          secret({ user }) {
            runs.push(user);
            return `only for ${user}`;
          },
        },
      });
      return ew;
    },
  });
  return { site, runs };
}

const CALL: ClientFrame = {
  ...{ t: "call", key: "victim.2", channel: "room/1", name: "secret" },
  payload: { kind: "json", data: "1" },
};
const PUBLISH: ClientFrame = { t: "publish", key: "victim.1", channel: "room/1", event: "message", payload };
const ENTER: ClientFrame = { t: "presence", key: "victim.3", channel: "room/1", state: "{}" };

describe("commands that were sent before (P5)", () => {
  test("do nothing again, over new links, other framings and batches, and get their first answers", async () => {
    const { site, runs } = await openCalls();
    const answers: unknown[] = [];
    for (const codec of [...Object.values(CODECS), ...Object.values(CODECS)]) {
      const peer = await openPeer(site, codec);
      peer.send(hello(ANA, {}, "victim"));
      for (const command of [PUBLISH, CALL, ENTER]) peer.send(command);
      const answered = [await peer.next(), await peer.next(), await peer.next()];
      answers.push(answered.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))));
      peer.socket.terminate();
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    for (let i = 0; i < 5; i++) {
      const { body } = await ask(
        site,
        "POST",
        `${BASE}/commands`,
        {},
        batch(hello(ANA, {}, "victim"), PUBLISH, CALL, ENTER),
      );
      expect(body.match(/"t":"ok"/g)).toHaveLength(3);
    }
    expect(await said(site)).toEqual(["hi by ana"]);
    expect(runs).toEqual(["ana"]);
    expect(await present(site)).toEqual(["ana"]);
    await site.guests.noticedNothing();
  });

  test("by somebody else, who has no token of hers, are his own", async () => {
    const { site, runs } = await openCalls();
    const hers = batch(hello(ANA, {}, "victim"), PUBLISH, CALL, ENTER);
    await ask(site, "POST", `${BASE}/commands`, {}, hers);
    const his = await ask(site, "POST", `${BASE}/commands`, {}, hers.replace(ANA, BO));
    expect(his.body).not.toContain("ana");
    const unsigned = await ask(site, "POST", `${BASE}/commands`, {}, hers.replace(ANA, ""));
    expect(unsigned.code).toBe("unauthorized");
    expect(await said(site)).toEqual(["hi by ana", "hi by bo"]);
    expect(runs).toEqual(["ana", "bo"]);
    await site.guests.noticedNothing();
  });
});

describe("somebody else's keys and client id (P5, P8, P9)", () => {
  test("an idempotency key: no receipt of hers, and no word that she used it", async () => {
    const site = await openSite();
    const headers = { "content-type": "text/plain", "idempotency-key": "order-991" };
    const hers = await ask(site, "POST", ROOM, { ...headers, ...bearer(ANA) }, "a");
    const same = await ask(site, "POST", ROOM, { ...headers, ...bearer(BO) }, "a");
    expect(same.status).toBe(201);
    expect(same.body).not.toBe(hers.body);
    const third = tokenOf("cy", RIGHTS);
    expect((await ask(site, "POST", ROOM, { ...headers, ...bearer(third) }, "another")).status).toBe(201);
    const again = await ask(site, "POST", ROOM, { ...headers, ...bearer(ANA) }, "a");
    expect(again.body).toBe(hers.body);
    expect(await said(site)).toEqual(["a by ana", "a by bo", "another by cy"]);
    await site.guests.noticedNothing();
  });

  test("her client id, while she is there: no receipts, no answers of calls, no presence, no harm to her order", async () => {
    const { site, runs } = await openCalls();
    const ana = await openPeer(site);
    ana.send(hello(ANA, {}, "victim"));
    const bo = await openPeer(site);
    bo.send(hello(BO, {}, "victim"));
    for (const command of [PUBLISH, CALL, ENTER]) {
      ana.send(command);
      expect(await ana.answer()).toBe("in");
    }
    bo.send(CALL);
    expect(JSON.stringify(await bo.next())).toContain("only for bo");
    // A counter far ahead would make every later one of hers `outcome-unknown`, were it counted as hers.
    bo.send({ ...PUBLISH, key: "victim.1000000" });
    expect(await bo.answer()).toBe("in");
    bo.send({ t: "presence", key: "victim.1000001", channel: "room/1" });
    expect(await bo.answer()).toBe("in");
    bo.socket.terminate();
    ana.send({ ...PUBLISH, key: "victim.4" });
    expect(await ana.answer()).toBe("in");
    expect(await present(site)).toEqual(["ana"]);
    expect(await said(site)).toEqual(["hi by ana", "hi by bo", "hi by ana"]);
    expect(runs).toEqual(["ana", "bo"]);
    await site.guests.noticedNothing();
  });

  test("over the plain door of presence: what one enters as, another cannot leave as", async () => {
    const site = await openSite();
    const headers = { "eitherway-client": "victim", "content-type": "application/json" };
    await ask(site, "POST", `${ROOM}/@presence`, { ...headers, ...bearer(ANA) }, "{}");
    await ask(site, "DELETE", `${ROOM}/@presence`, { ...headers, ...bearer(BO) });
    expect(await present(site)).toEqual(["ana"]);
    await ask(site, "POST", `${ROOM}/@presence`, { ...headers, ...bearer(BO) }, "{}");
    expect(await present(site)).toEqual(["ana", "bo"]);
    await site.guests.noticedNothing();
  });

  test("her name as the client id of a guest, who has no name: he cannot be present (P8, P9)", async () => {
    const site = await openSite();
    const guest = tokenOf(undefined as unknown as string, RIGHTS);
    const headers = { "eitherway-client": "ana", "content-type": "application/json" };
    await ask(site, "POST", `${ROOM}/@presence`, { ...headers, ...bearer(ANA) }, '"hers"');
    const forged = await ask(site, "POST", `${ROOM}/@presence`, { ...headers, ...bearer(guest) }, '"forged"');
    expect(forged.code).toBe("forbidden");
    const left = await ask(site, "DELETE", `${ROOM}/@presence`, { ...headers, ...bearer(guest) });
    expect(left.code).toBe("forbidden");
    const { body } = await ask(site, "GET", `${ROOM}/@presence`, bearer(ANA));
    expect(body).toContain('{"member":"ana","state":"hers"}');
    await site.guests.noticedNothing();
  });
});
