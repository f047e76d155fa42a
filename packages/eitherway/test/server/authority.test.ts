/** Who may come in, and what he may do there: the options `auth` and `authorize` over every door. */
import { describe, expect, test } from "vitest";
import { EitherwayError } from "../../src/protocol/index.ts";
import type { EitherwayOptions } from "../../src/server/index.ts";
import type { MemoryRequest } from "../../src/testing/index.ts";
import { createGuarded } from "./authority-support.ts";
import { createTestServer, type TestServer } from "./support.ts";

const hello = (token: string | undefined, channels: object = {}) =>
  JSON.stringify({ t: "hello", v: 1, client: "c", token, channels, wait: 0 });
const publish = (channel: string) => JSON.stringify({ t: "publish", k: "c.1", c: channel, d: 1 });

/** Every door but the WebSocket's, asked for something on a channel. */
function doors(channel: string, token?: string): readonly (MemoryRequest & { readonly action: string })[] {
  const path = `/channels/${channel}`;
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const json = { ...headers, "content-type": "application/json", "eitherway-client": "c" };
  return [
    { action: "subscribe", path: "/events", query: `channel=${channel}`, headers },
    { action: "history", path, headers },
    { action: "history", path, query: "after=now&wait=1", headers },
    { action: "publish", path, method: "POST", headers: json, body: "1" },
    { action: "subscribe", path: `${path}/@presence`, headers },
    { action: "presence", path: `${path}/@presence`, method: "POST", headers: json, body: "{}" },
    { action: "presence", path: `${path}/@presence`, method: "DELETE", headers: json },
  ];
}

const sdkDoors = (token: string | undefined): readonly MemoryRequest[] => [
  { method: "POST", path: "/stream", body: hello(token) },
  { method: "POST", path: "/poll", body: hello(token) },
  { method: "POST", path: "/commands", body: `${hello(token)}\n${publish("a")}` },
];

/** Asks for a page of history that nothing can change any more. */
async function finalPage(server: TestServer, own: Readonly<Record<string, string>> = {}) {
  const { id } = await server.eitherway.publish("a", "1");
  for (const text of ["2", "3"]) await server.eitherway.publish("a", text);
  return (headers: Readonly<Record<string, string>> = {}) =>
    server.ask({ path: "/channels/a", query: `after=${id}&limit=1`, headers: { ...own, ...headers } });
}

describe("a server with auth", () => {
  test.each([undefined, "stranger"])(
    "lets nobody in with the token %j, by any door, and asks no store (P12)",
    async (token) => {
      const server = createGuarded({ ana: { user: "ana" } });
      for (const request of [...doors("a", token), ...sdkDoors(token)]) {
        expect(await server.ask(request), `${request.method} ${request.path}`).toMatchObject({
          status: 401,
          code: "unauthorized",
        });
      }
      const { socket, read } = await server.connect(token, { a: "now" });
      expect(read()).toEqual(["bye unauthorized"]);
      expect(socket.closed?.number).toBe(4531);
      expect(server.eitherway.stats().links).toBe(0);
      expect(server.eitherway.stats().broker.channels).toBeLessThanOrEqual(1); // of what is revoked
    },
  );

  test("lets its people in by every door, by the hello or by the header", async () => {
    const server = createGuarded({ ana: { user: "ana" } });
    for (const request of doors("a", "ana")) {
      const { status } = await server.ask(request);
      expect(status, `${request.method} ${request.path}`).toBeLessThan(300);
    }
    for (const request of sdkDoors("ana")) expect((await server.ask(request)).status).toBe(200);
    for (const request of sdkDoors(undefined)) {
      expect((await server.ask({ ...request, headers: { authorization: "bearer ana" } })).status).toBe(200);
    }
    const { read } = await server.connect("ana", { a: "now" });
    expect(read()).toEqual(["welcome", "live a"]);
  });

  test("gives pages of history to the store of who asks alone, which asks each time, as rights can end (P9)", async () => {
    const server = createGuarded({ ana: { user: "ana", tokenId: "t1" } });
    const read = await finalPage(server, { authorization: "Bearer ana" });
    const { headers } = await read();
    expect(headers["cache-control"]).toBe("private, no-cache");
    expect((await read({ "if-none-match": headers.etag ?? "" })).status).toBe(304);
    await server.eitherway.revoke({ user: "ana" });
    expect((await read({ "if-none-match": headers.etag ?? "" })).code).toBe("revoked");
  });

  test("answers to any host, as names no longer open a door", async () => {
    const server = createGuarded({ ana: {} });
    const [events] = doors("a", "ana");
    expect((await server.ask({ ...events, headers: { host: "chat.example", ...events?.headers } })).status).toBe(200);
  });

  test("says by whom a message is, and counts keys for each user by itself (P5)", async () => {
    const server = createGuarded({ ana: { user: "ana" }, bo: { user: "bo" } });
    const ana = await server.connect("ana", { a: "now" }, "same");
    const bo = await server.connect("bo", {}, "same");
    for (const [who, visitor] of [
      ["ana", ana],
      ["bo", bo],
    ] as const) {
      await visitor.send({ t: "publish", k: "same.1", c: "a", d: `of ${who}` });
    }
    const path = "/channels/a";
    const post = (token: string, body: string) =>
      server.ask({
        method: "POST",
        path,
        headers: { authorization: `Bearer ${token}`, "content-type": "text/plain", "idempotency-key": "k" },
        body,
      });
    expect([(await post("ana", "x")).status, (await post("bo", "y")).status, (await post("bo", "x")).code]).toEqual([
      201,
      201,
      "key-reused",
    ]);
    expect(ana.read().slice(2)).toEqual([
      "ok same.1",
      "a: of ana by ana",
      "a: of bo by bo",
      "a: x by ana",
      "a: y by bo",
    ]);
    expect(bo.read().at(-1)).toBe("ok same.1");
  });

  test("reads what came behind a hello once it knows who says it, in order", async () => {
    let admit = (): void => {};
    const auth = () =>
      new Promise<{ user: string }>((resolve) => {
        admit = () => resolve({ user: "ana" });
      });
    const server = createGuarded({}, { auth });
    const { send, read } = await server.connect("ana", { a: "now" });
    await send({ t: "publish", k: "ana.1", c: "a", d: 1 });
    await send({ t: "publish", k: "ana.2", c: "a", d: 2 });
    expect(read()).toEqual([]);
    admit();
    await server.pass(1);
    expect(read()).toEqual(["welcome", "live a", "ok ana.1", "ok ana.2", "a: 1 by ana,2 by ana"]);
  });

  test("that does not answer in time ends the socket, to come back", async () => {
    const server = createGuarded({}, { auth: () => new Promise(() => {}) });
    const { read } = await server.connect("ana");
    await server.pass(11_000);
    expect(read()).toEqual(["bye unavailable"]);
  });

  test("that does not answer in time is unavailable, by every door, which the log tells (P7, P12)", async () => {
    const server = createGuarded({}, { auth: () => new Promise(() => {}), limits: { helloMs: "20s" } });
    const requests = [...doors("a", "ana"), ...sdkDoors("ana")];
    const asked = await Promise.all(requests.map((request) => server.ask(request)));
    await server.pass(20_000);
    for (const [at, { client }] of asked.entries()) {
      expect(client.answer?.status, `${requests[at]?.method} ${requests[at]?.path}`).toBe(503);
      expect(client.readText()).toContain('"unavailable"');
    }
    expect(server.counters("identities.")).toEqual({ "identities.refused.unavailable": requests.length });
    expect(server.log[0]).toMatch(/^auth unavailable .*did not answer within 20000 ms/);
  });

  test("that cannot tell says so in the log, by its sentence and the kind and place of the cause (P7, P12)", async () => {
    const auth = () => {
      throw new EitherwayError("unavailable", "No sessions now.", { cause: new TypeError("postgres://me:hunter2@db") });
    };
    const server = createGuarded({}, { auth });
    expect((await server.ask({ path: "/channels/a" })).code).toBe("unavailable");
    expect(server.log).toEqual([
      expect.stringMatching(/^auth unavailable {"cause":"No sessions now\. TypeError at .*authority\.test\.ts:[0-9]+/),
    ]);
    expect(server.log[0]).not.toContain("hunter2");
  });

  test("that does not answer to a newer token in time sends the link away, to come back (P7)", async () => {
    const auth: EitherwayOptions["auth"] = ({ token }) =>
      token === "ana" ? { user: "ana" } : new Promise<never>(() => {});
    const server = createGuarded({}, { auth });
    const { read, send } = await server.connect("ana");
    await send({ t: "refresh", token: "ana-2" });
    await server.pass(9_000);
    expect(read()).toEqual(["welcome"]);
    await server.pass(1_000);
    expect(read()).toEqual(["bye unavailable"]);
  });

  test.each<[string, EitherwayOptions["auth"], string]>([
    [
      "throws",
      () => {
        throw new Error("the database is down");
      },
      "unavailable",
    ],
    ["gives a user that is none", () => ({ user: "" }), "unavailable"],
    ["gives a time that is none", () => ({ expiresAt: Number.NaN }), "unavailable"],
    ["gives capabilities that are none", () => ({ channels: { "a//b": ["subscribe"] } }), "unauthorized"],
    ["gives what is over", () => ({ expiresAt: 1 }), "token-expired"],
    [
      "says why itself",
      () => {
        throw new EitherwayError("forbidden", "not today");
      },
      "forbidden",
    ],
  ])("that %s lets nobody in", async (_what, auth, code) => {
    const server = createGuarded({}, auth && { auth });
    const [events] = doors("a", "ana");
    expect((await server.ask(events ?? {})).code).toBe(code);
  });
});

describe("what a token allows", () => {
  const grants = {
    reader: { channels: { "room/*": ["subscribe", "history"] } },
    writer: { channels: { "room/*": ["publish"], "news/**": ["*"] } },
  };

  test.each(["reader", "writer"] as const)(
    "of a %s is what it may do by the doors, and nothing else (P12)",
    async (token) => {
      const server = createGuarded(grants);
      const allowed = new Set<string>(grants[token].channels["room/*"]);
      for (const { action, ...request } of doors("room/1", token)) {
        const { status, code } = await server.ask(request);
        if (allowed.has(action)) expect(status, `${request.method} ${request.path}`).toBeLessThan(300);
        else expect(code, `${request.method} ${request.path}`).toBe("forbidden");
      }
      for (const request of doors("room/1/more", token)) expect((await server.ask(request)).code).toBe("forbidden");
    },
  );

  test("is asked for each channel and each command of a link, and the others go on (P7)", async () => {
    const server = createGuarded(grants);
    const { send, read } = await server.connect("writer", {
      "room/1": "now",
      "news/a/b": "now",
      "@presence/news/a": "now",
      "@presence/room/1": "now",
    });
    expect(read().sort()).toEqual([
      "error @presence/room/1 forbidden",
      "error room/1 forbidden",
      "live @presence/news/a",
      "live news/a/b",
      "presence",
      "welcome",
    ]);
    await send({ t: "publish", k: "writer.1", c: "news/a/b", d: 1 });
    await send({ t: "publish", k: "writer.2", c: "other", d: 1 });
    await send({ t: "presence", k: "writer.3", c: "room/1", d: {} });
    await send({ t: "call", k: "writer.4", c: "room/1", e: "send", d: 1 });
    await send({ t: "announce", c: "room/2", d: 1 });
    await send({ t: "announce", c: "other", d: 1 });
    expect(read()).toEqual([
      "ok writer.1",
      "news/a/b: 1",
      "error writer.2 forbidden",
      "error writer.3 forbidden",
      "error writer.4 forbidden",
      "error forbidden",
    ]);
    expect(server.counters("forbidden.")).toEqual({
      "forbidden.subscribe": 2,
      "forbidden.publish": 2,
      "forbidden.presence": 1,
      "forbidden.call": 1,
    });
  });
});

describe("authorize", () => {
  test("is asked with who, what and where; its answer holds for 10 s (P9)", async () => {
    const wishes: object[] = [];
    let answer = true;
    const server = createGuarded(
      { ana: { user: "ana" } },
      {
        authorize(wish) {
          wishes.push(wish);
          return answer;
        },
      },
    );
    const read = () => server.ask({ path: "/channels/a", headers: { authorization: "Bearer ana" } });
    expect((await read()).status).toBe(200);
    expect(wishes).toEqual([{ user: "ana", client: "http", channel: "a", action: "history" }]);
    answer = false;
    await server.pass(9_500);
    expect((await read()).status).toBe(200);
    await server.pass(500);
    expect((await read()).code).toBe("forbidden");
    expect(wishes).toHaveLength(2);
  });

  test("counts what waits as subscribed (P6)", async () => {
    const server = createGuarded({ ana: {} }, { authorize: () => new Promise(() => {}), limits: { subscriptions: 2 } });
    const { read } = await server.connect("ana", { a: "now", b: "now", c: "now" });
    expect(read()).toEqual(["welcome", "error c too-many-subscriptions"]);
  });

  test("that throws says that it cannot be known now, and is asked again", async () => {
    let fails = true;
    const server = createGuarded(
      {},
      {
        auth: () => ({}),
        authorize() {
          if (fails) throw new TypeError("no row for hunter2");
          return true;
        },
      },
    );
    expect((await server.ask({ path: "/channels/a" })).code).toBe("unavailable");
    fails = false;
    expect((await server.ask({ path: "/channels/a" })).status).toBe(200);
    const place =
      /^authorize failed {"channel":"a","action":"history","cause":"TypeError at .*authority\.test\.ts:[0-9]+/;
    expect(server.log).toEqual([expect.stringMatching(place)]);
    expect(server.log[0]).not.toContain("hunter2"); // it may be somebody's payload, or a password
  });

  test("that does not answer in time says that it cannot be known now, and is asked again (P7, P12)", async () => {
    let asked = 0;
    const authorize = () => (++asked === 1 ? new Promise<never>(() => {}) : true);
    const server = createGuarded({}, { auth: () => ({}), authorize });
    const { client } = await server.ask({ path: "/channels/a" });
    await server.pass(10_000);
    expect(client.answer?.status).toBe(503);
    expect(client.readText()).toContain('"unavailable"');
    expect((await server.ask({ path: "/channels/a" })).status).toBe(200);
    expect(server.log).toEqual([expect.stringMatching(/^authorize failed .*no answer within 10000 ms/)]);
  });

  test("where there is no auth is the same for everybody, and so are pages of history", async () => {
    const server = createTestServer({ authorize: ({ action }) => action === "history" });
    expect((await (await finalPage(server))()).headers["cache-control"]).toMatch(/^public, max-age=/);
  });

  test("is asked of people without a token where there is no auth", async () => {
    const authorize = ({ action }: { action: string }) => action !== "publish";
    const server = createGuarded({}, { auth: undefined, authorize });
    const [events, , , post] = doors("a");
    expect([(await server.ask(events ?? {})).status, (await server.ask(post ?? {})).code]).toEqual([200, "forbidden"]);
  });
});
