/** The life of a token on an open link: told before it ends, renewed without a loss, ended, taken back (P9). */
import { describe, expect, test } from "vitest";
import type { Authority, Broker, Link } from "../../src/core/index.ts";
import { createHub, createMemoryBroker, DEFAULT_LIMITS } from "../../src/core/index.ts";
import { EitherwayError } from "../../src/protocol/index.ts";
import type { EitherwayOptions, Grant } from "../../src/server/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";
import { createGuarded, type Grants } from "./authority-support.ts";

/** The wall clock of a fake clock at first. */
const BEGAN = createFakeClock().wall();
const MINUTE = 60_000;
const hello = (token: string, channels: object) => JSON.stringify({ t: "hello", v: 1, client: token, token, channels });

describe("the end of a token", () => {
  const grants = {
    first: { user: "ana", expiresAt: BEGAN + MINUTE },
    second: { user: "ana", expiresAt: BEGAN + 5 * MINUTE },
  };

  test("is told 30 s before, and ends the link of who brings no other, to come back", async () => {
    const server = createGuarded(grants);
    const { read, socket } = await server.connect("first", { a: "now" });
    await server.pass(29_000);
    expect(read()).toEqual(["welcome", "live a"]);
    await server.pass(2_000);
    expect(read()).toEqual(["refresh 29900"]);
    await server.pass(28_000);
    expect(socket.closed).toBeUndefined();
    await server.pass(2_000);
    expect(read()).toEqual(["bye token-expired"]);
    expect(socket.closed?.number).toBe(4013);
    expect(server.counters("links.closed.")).toEqual({ "links.closed.token-expired": 1 });
    expect(server.eitherway.stats().timers).toBe(1); // that of what is revoked
  });

  test("is put off by a newer token, and nothing is lost or said twice meanwhile (P2)", async () => {
    const server = createGuarded(grants);
    const { read, send } = await server.connect("first", { a: "now" });
    await server.pass(45_000);
    await server.eitherway.publish("a", 1);
    await send({ t: "refresh", token: "second" });
    await server.eitherway.publish("a", 2);
    await server.pass(3 * MINUTE);
    await server.eitherway.publish("a", 3);
    await server.pass(1);
    const told = read();
    expect(told).toEqual(["welcome", "live a", expect.stringMatching(/^refresh/), "a: 1", "a: 2", "a: 3"]);
    await server.pass(2 * MINUTE);
    expect(read().at(-1)).toBe("bye token-expired");
  });

  test("is not told again to who brings the same token again", async () => {
    const server = createGuarded(grants);
    const { read, send } = await server.connect("first");
    await server.pass(31_000);
    for (let i = 0; i < 3; i++) await send({ t: "refresh", token: "first" });
    await server.pass(1_000);
    expect(read().filter((frame) => frame.startsWith("refresh"))).toHaveLength(1);
  });

  test("ends an event stream of either door as well", async () => {
    const server = createGuarded(grants);
    const stream = await server.ask({ method: "POST", path: "/stream", body: hello("first", { a: "now" }) });
    const events = await server.ask({
      path: "/events",
      query: "channel=a",
      headers: { authorization: "Bearer first" },
    });
    await server.pass(61_000);
    expect([stream.client.state, events.client.state]).toEqual(["ended", "ended"]);
    expect(stream.client.readText()).toContain('"t":"refresh"');
    const text = events.client.readText();
    expect(text).toContain('event: refresh\ndata: {"left":29900}');
    expect(text).toContain('event: bye\ndata: {"code":"token-expired"');
  });
});

describe("a newer token", () => {
  test.each<[string, Grants, string]>([
    ["of another user", { ana: { user: "ana" }, bo: { user: "bo" } }, "bye unauthorized"],
    ["that is not accepted", { ana: { user: "ana" } }, "bye unauthorized"],
    ["that is over", { ana: { user: "ana" }, bo: { user: "ana", expiresAt: BEGAN } }, "bye token-expired"],
  ])("%s ends the link", async (_what, grants, bye) => {
    const server = createGuarded(grants);
    const { read, send } = await server.connect("ana", { a: "now" });
    await send({ t: "refresh", token: "bo" });
    expect(read().slice(2)).toEqual([bye]);
  });

  test("that allows less ends what it does not allow, and nothing else", async () => {
    const server = createGuarded({
      much: { user: "ana", channels: { "*": ["*"] } },
      little: { user: "ana", channels: { a: ["subscribe"] } },
    });
    const { read, send } = await server.connect("much", { a: "now", b: "now" });
    await send({ t: "refresh", token: "little" });
    await send({ t: "publish", k: "much.1", c: "a", d: 1 });
    await server.eitherway.publish("a", 2);
    await server.eitherway.publish("b", 2);
    await server.pass(1);
    expect(read().slice(3)).toEqual(["error b forbidden", "error much.1 forbidden", "a: 2"]);
  });

  test("counts for announcements as well, also where one was told with the older token (P9)", async () => {
    const server = createGuarded({
      much: { user: "ana", channels: { "*": ["*"] } },
      little: { user: "ana", channels: { a: ["subscribe"] } },
    });
    const { read, send } = await server.connect("much", { a: "now" });
    await send({ t: "announce", c: "a", d: 1 });
    await send({ t: "refresh", token: "little" });
    await send({ t: "announce", c: "a", d: 2 });
    await send({ t: "refresh", token: "much" });
    await send({ t: "announce", c: "a", d: 3 });
    expect(read().slice(2)).toEqual(["a: 1 by ana", "error forbidden", "a: 3 by ana"]);
  });

  test("counts also where an older one is found good, or bad, after it (P9)", async () => {
    const grants: Readonly<Record<string, Grant>> = {
      first: { user: "ana", channels: { "*": ["*"] } },
      much: { user: "ana", channels: { "*": ["*"] } },
      little: { user: "ana", channels: { a: ["subscribe"] } },
    };
    const found = new Map<string, () => void>();
    const auth: EitherwayOptions["auth"] = ({ token = "" }) =>
      token === "first"
        ? (grants[token] ?? null)
        : new Promise((resolve) => {
            found.set(token, () => resolve(grants[token] ?? null));
          });
    const server = createGuarded({}, { auth });
    const { read, send, socket } = await server.connect("first", { a: "now" });
    for (const token of ["much", "unknown", "little"]) await send({ t: "refresh", token });
    for (const token of ["little", "much", "unknown"]) {
      found.get(token)?.();
      await server.pass(1);
    }
    await send({ t: "publish", k: "ana.1", c: "a", d: 1 });
    expect(read().slice(2)).toEqual(["error ana.1 forbidden"]);
    expect(socket.closed).toBeUndefined();
  });

  test("says nothing where nobody is identified", async () => {
    const server = createGuarded({}, { auth: undefined });
    const { read, send } = await server.connect("x", { a: "now" });
    await send({ t: "refresh", token: "y" });
    expect(read()).toEqual(["welcome", "live a"]);
  });
});

describe("a revocation", () => {
  const grants = {
    ana: { user: "ana", tokenId: "t1", issuedAt: BEGAN },
    "ana-2": { user: "ana", tokenId: "t2", issuedAt: BEGAN + 10 * MINUTE },
    bo: { user: "bo" },
  };

  test("of a user ends every link of hers at once, for good, and touches nobody else (P7, P9)", async () => {
    const server = createGuarded(grants);
    const ana = await server.connect("ana", { a: "now" });
    const bo = await server.connect("bo", { a: "now" });
    const stream = await server.ask({ method: "POST", path: "/stream", body: hello("ana", { a: "now" }) });
    const poll = server.ask({ method: "POST", path: "/poll", body: hello("ana", { a: "now" }) });
    const events = await server.ask({ path: "/events", query: "channel=a", headers: { authorization: "Bearer ana" } });
    await server.eitherway.revoke({ user: "ana" });
    await server.pass(1);
    expect(ana.read().at(-1)).toBe("bye revoked");
    expect(ana.socket.closed?.number).toBe(4533);
    expect([stream.client.state, events.client.state]).toEqual(["ended", "ended"]);
    expect((await poll).text).toContain("revoked");
    for (const path of ["/channels/a", "/events"]) {
      const refused = await server.ask({
        path,
        query: path === "/events" ? "channel=a" : "",
        headers: { authorization: "Bearer ana" },
      });
      expect(refused).toMatchObject({ status: 403, code: "revoked" });
    }
    expect((await server.connect("ana")).read()).toEqual(["bye revoked"]);
    await bo.send({ t: "publish", k: "bo.1", c: "a", d: 1 });
    expect(bo.read()).toEqual(["welcome", "live a", "ok bo.1", "a: 1 by bo"]);
  });

  test("of a user spares a token that was issued later; without a time of issue it takes all", async () => {
    const server = createGuarded(grants);
    await server.eitherway.revoke({ user: "ana" });
    await server.eitherway.revoke({ user: "bo" });
    expect((await server.connect("ana-2")).read()).toEqual(["welcome"]);
    expect((await server.connect("ana")).read()).toEqual(["bye revoked"]);
    expect((await server.connect("bo")).read()).toEqual(["bye revoked"]);
  });

  test("of a token takes that one alone", async () => {
    const server = createGuarded(grants);
    const [first, second] = [await server.connect("ana"), await server.connect("ana-2")];
    await server.eitherway.revoke({ token: "t1" });
    await server.pass(1);
    expect([first.read().at(-1), second.read().at(-1)]).toEqual(["bye revoked", "welcome"]);
  });

  test("of a channel ends its subscriptions, its presence and its streams, and asks authorize anew", async () => {
    let allowed = true;
    const server = createGuarded(grants, { authorize: ({ user }) => allowed || user === "bo" });
    const channels = { "room/1": "now", "@presence/room/1": "now", "@stream/room/1/x": "now", other: "now" };
    const [ana, bo] = [await server.connect("ana", channels), await server.connect("bo", channels)];
    for (const { read } of [ana, bo]) read();
    allowed = false;
    await server.eitherway.revoke({ user: "ana", channel: "room/1" });
    await ana.send({ t: "subscribe", channels: { "room/1": "now" } });
    expect(ana.read()).toEqual([
      "error room/1 revoked",
      "error @presence/room/1 revoked",
      "error @stream/room/1/x revoked",
      "error room/1 forbidden",
    ]);
    expect(bo.read()).toEqual([]);
    await server.eitherway.revoke({ channel: "room/1" });
    await server.pass(1);
    expect(bo.read()).toEqual([
      "error room/1 revoked",
      "error @presence/room/1 revoked",
      "error @stream/room/1/x revoked",
    ]);
    await server.eitherway.publish("other", 1);
    await server.pass(1);
    expect([ana.read(), bo.read()]).toEqual([["other: 1"], ["other: 1"]]);
  });

  test("that comes between somebody's identification and his link ends it before it begins (P9)", async () => {
    const clock = createFakeClock();
    const broker = createMemoryBroker({ clock, random: () => 0.5 });
    const authority: Authority = {
      isAsked: true,
      forget() {},
      identify: ({ client }) => ({ client, user: "ana", rights: { check() {} } }),
    };
    const logger = witnessed();
    const hub = createHub({ broker, clock, random: () => 0.5, logger, limits: DEFAULT_LIMITS, authority });
    const asking = { client: "c", token: "t", remote: "", header: () => undefined };
    const who = await hub.identify(asking);
    await hub.revoke({ user: "ana" }, MINUTE);
    const open = () => hub.open({} as Link, { t: "hello", client: "c", channels: new Map() }, who);
    expect(open).toThrow(expect.objectContaining({ code: "revoked" }));
  });

  test("is refused where nobody is identified (P12)", async () => {
    const server = createGuarded({}, { auth: undefined });
    await expect(server.eitherway.revoke({ user: "ana" })).rejects.toThrow(/identifies nobody/);
  });

  test("is forgotten when its time is over", async () => {
    const server = createGuarded(grants);
    await server.eitherway.revoke({ user: "bo" }, { for: "1m" });
    await server.pass(MINUTE - 1_000);
    expect((await server.connect("bo")).read()).toEqual(["bye revoked"]);
    await server.pass(1_000);
    expect((await server.connect("bo")).read()).toEqual(["welcome"]);
  });

  test("lasts as long as the longest of several, whichever came last", async () => {
    const server = createGuarded(grants);
    await server.eitherway.revoke({ user: "bo" }, { for: "10m" });
    await server.eitherway.revoke({ user: "bo" }, { for: "1m" });
    await server.pass(2 * MINUTE);
    expect((await server.connect("bo")).read()).toEqual(["bye revoked"]);
  });

  test.each<[object, object, RegExp]>([
    [{}, {}, /names nobody/],
    [{ user: "" }, {}, /give the id as text/],
    [{ user: "ana" }, { for: "31d" }, /at most "30d"/],
    [{ user: "ana" }, { for: 0 }, /above 0/],
  ])("%j %j is refused (P12)", async (order, options, message) => {
    await expect(createGuarded(grants).eitherway.revoke(order, options)).rejects.toThrow(message);
  });
});

describe("several nodes", () => {
  function twoNodes(broken: { now: boolean }) {
    const clock = createFakeClock();
    const store = createMemoryBroker({ clock, random: () => 0.5 });
    const fails = async () => {
      throw new EitherwayError("unavailable", "the store is away");
    };
    const broker: Broker = {
      ...store,
      read: (...given) => (broken.now ? fails() : store.read(...given)),
      watch: (...given) => (broken.now ? fails() : store.watch(...given)),
    };
    const options: EitherwayOptions = { broker: () => broker };
    return {
      one: createGuarded({ ana: { user: "ana" } }, options, clock),
      other: createGuarded({ ana: { user: "ana" } }, options, clock),
    };
  }

  test("hear of a revocation at once, and one that starts later knows it (P9)", async () => {
    const { one, other } = twoNodes({ now: false });
    const { read } = await other.connect("ana");
    await one.eitherway.revoke({ user: "ana" });
    await other.pass(1);
    expect(read().at(-1)).toBe("bye revoked");
    expect((await other.connect("ana")).read()).toEqual(["bye revoked"]);
    for (const node of [one, other]) expect(node.counters("revocations.")).toEqual({ "revocations.heard": 1 });
  });

  test("that cannot read what is revoked is not ready after 5 s, and trusts nobody after 30 s, until it can again (P9)", async () => {
    const broken = { now: false };
    const { one } = twoNodes(broken);
    const { read } = await one.connect("ana");
    const ready = async () => (await one.ask({ path: "/readyz" })).status;
    expect(await ready()).toBe(200);
    broken.now = true;
    await one.pass(7_000);
    expect([await ready(), read()]).toEqual([503, ["welcome"]]);
    await one.pass(25_000);
    expect(read()).toEqual(["bye unavailable"]);
    expect((await one.connect("ana")).read()).toEqual(["bye unavailable"]);
    expect(one.counters("revocations.unread")["revocations.unread"]).toBeGreaterThan(15); // a look each second or two
    const line = 'revocations not read {"code":"unavailable","message":"the store is away"}';
    expect(one.log.filter((logged) => logged.startsWith("revocations"))).toEqual([line]);
    await one.pass(60_000);
    expect(one.log.filter((logged) => logged === line)).toHaveLength(2); // once a minute, as long as it lasts
    broken.now = false;
    await one.pass(2_000);
    expect((await one.connect("ana")).read()).toEqual(["welcome"]);
    expect(await ready()).toBe(200);
  });

  test("whose store has lost some read it as a whole, and say so once (P9)", async () => {
    const clock = createFakeClock();
    const store = createMemoryBroker({ clock, random: () => 0.5 });
    const lost = { log: false };
    const broker: Broker = {
      ...store,
      // Another epoch, as after a failover that lost the end.
      read(channel, from, most) {
        if (channel !== "@control" || !lost.log || from === "start") return store.read(channel, from, most);
        lost.log = false;
        return store.read(channel, "000000000000-00000001", most);
      },
    };
    const node = createGuarded({ ana: { user: "ana" } }, { broker: () => broker }, clock);
    await node.eitherway.revoke({ user: "ana" });
    lost.log = true;
    await node.pass(3_000);
    expect(node.log).toEqual(['revocations may be missing {"why":"epoch"}']);
    expect((await node.connect("ana")).read()).toEqual(["bye revoked"]);
  });
});
