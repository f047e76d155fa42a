import { describe, expect, test } from "vitest";
import { type Broker, type BrokerParts, createMemoryBroker } from "../../src/core/index.ts";
import { createTestServer } from "./support.ts";

const hello = (channels: object, more: object = {}): string =>
  JSON.stringify({ t: "hello", v: 1, client: "c1", channels, ...more });

const PAGE = "https://app.example";
const STRANGER = "https://evil.example";

describe("doors", () => {
  test.each<[string, string, string, string, number, RegExp]>([
    ["POST", "/stream", "", hello({ a: "now" }), 200, /"t":"welcome"/],
    ["POST", "/poll", "", hello({ a: "start" }, { wait: 0 }), 200, /"t":"live"/],
    ["POST", "/commands", "", `${hello({})}\n{"t":"publish","k":"c1.1","c":"a","d":1}`, 200, /"t":"ok"/],
    ["GET", "/events", "channel=a", "", 200, /retry: /],
    ["GET", "/channels/a", "", "", 200, /"messages":\[\]/],
    ["HEAD", "/channels/a", "", "", 200, /./],
    ["GET", "/healthz", "", "", 200, /^\{"status":"ok"\}$/],
    ["HEAD", "/healthz", "", "", 200, /./],
  ])("%s %s?%s is answered", async (method, path, query, body, status, text) => {
    const asked = await createTestServer().ask({ method, path, query, body });
    expect(asked.status).toBe(status);
    expect(asked.text).toMatch(text);
  });

  test("a publish is answered with its id, which history then has (P4)", async () => {
    const server = createTestServer();
    const headers = { "content-type": "text/plain" };
    const posted = await server.ask({ method: "POST", path: "/channels/room/42", headers, body: "hi" });
    expect(posted.status).toBe(201);
    const { messages } = JSON.parse((await server.ask({ path: "/channels/room/42" })).text);
    expect(messages).toMatchObject([{ id: JSON.parse(posted.text).id, text: "hi" }]);
  });

  test("a WebSocket handshake at the base path is taken", async () => {
    const socket = await createTestServer().upgrade();
    socket.send(hello({ a: "now" }));
    expect(socket.protocol).toBe("eitherway.v1.json");
  });

  test.each(["", "/"])("a plain request at the base path %j is told to upgrade", async (path) => {
    const { status, headers, code } = await createTestServer().ask({ path });
    expect({ status, upgrade: headers.upgrade, code }).toEqual({
      status: 426,
      upgrade: "websocket",
      code: "upgrade-required",
    });
  });

  test.each(["/nothing", "/stream/", "/channels", "/Events", "/channelsx/a", "/__proto__"])(
    "%s is not found (P12)",
    async (path) => {
      const { status, code } = await createTestServer().ask({ path });
      expect({ status, code }).toEqual({ status: 404, code: "not-found" });
    },
  );

  test.each([
    ["GET", "/stream", "POST, OPTIONS"],
    ["POST", "/events", "GET, OPTIONS"],
    ["DELETE", "/channels/a", "GET, HEAD, POST, OPTIONS"],
    ["constructor", "/poll", "POST, OPTIONS"],
  ])("%s %s is told which methods there are (P12)", async (method, path, allow) => {
    const server = createTestServer();
    const { status, code, headers } = await server.ask({ method, path });
    expect({ status, code, allow: headers.allow }).toEqual({ status: 405, code: "method-not-allowed", allow });
    expect(server.counters("requests.refused.")).toEqual({ "requests.refused.method-not-allowed": 1 });
  });

  test("a handshake elsewhere is refused", async () => {
    const server = createTestServer();
    const socket = await server.upgrade({}, { path: "/events" });
    expect(socket.refusal?.status).toBe(404);
    expect(server.counters("requests.refused.")).toEqual({ "requests.refused.not-found": 1 });
  });

  test("nothing outside the base path is claimed", () => {
    expect(createTestServer().handler.handles("/healthz")).toBe(false);
  });

  test("a bad request is answered with its code and counted (P12)", async () => {
    const server = createTestServer();
    const { status, code } = await server.ask({ path: "/events", query: "" });
    expect({ status, code }).toEqual({ status: 400, code: "bad-request" });
    expect(server.counters("requests.refused.")).toEqual({ "requests.refused.bad-request": 1 });
  });
});

describe("guards", () => {
  test.each([
    ["host-refused", { host: "evil.example" }],
    ["origin-refused", { origin: STRANGER }],
    ["origin-refused", { origin: "null" }],
  ])("%s keeps out what %j stands for: requests, streams and WebSockets, each counted (P12)", async (code, headers) => {
    const server = createTestServer();
    const requests = [
      { method: "POST", path: "/channels/a", headers: { "content-type": "text/plain", ...headers }, body: "x" },
      { method: "POST", path: "/stream", headers, body: hello({ a: "now" }) },
      { path: "/events", query: "channel=a", headers },
      { method: "OPTIONS", path: "/poll", headers },
      { path: "/nothing", headers },
    ];
    for (const request of requests) expect(await server.ask(request)).toMatchObject({ status: 403, code });
    expect((await server.upgrade(headers)).refusal?.status).toBe(403);
    expect(server.counters("requests.refused.")).toEqual({ [`requests.refused.${code}`]: 6 });
    expect(server.eitherway.stats()).toMatchObject({ links: 0, broker: { channels: 0 } });
  });

  test("a refused page gets no header that would let it read the reason", async () => {
    const { headers } = await createTestServer({ allowedOrigins: [PAGE] }).ask({
      path: "/channels/a",
      headers: { origin: STRANGER },
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("health is told to any host, as probes ask by address", async () => {
    expect((await createTestServer().ask({ path: "/healthz", headers: { host: "10.0.0.7" } })).status).toBe(200);
  });

  test("readiness says which part is broken, and since when (P11)", async () => {
    const mute = (parts: BrokerParts): Broker => ({
      ...createMemoryBroker(parts),
      announce: async () => {},
      reread: async () => {},
    });
    const server = createTestServer({ broker: mute });
    const startedAt = server.clock.wall();
    server.clock.advance(2_000);
    const { status, text, headers } = await server.ask({ path: "/readyz" });
    expect([status, headers["retry-after"]]).toEqual([503, "1"]);
    expect(JSON.parse(text).error).toMatchObject({
      code: "unavailable",
      details: { broken: [{ part: "delivery", since: new Date(startedAt).toISOString() }] },
    });
    expect((await createTestServer().ask({ path: "/readyz" })).text).toBe('{"status":"ready"}');
  });
});

describe("pages of allowed origins", () => {
  const allowed = {
    "access-control-allow-origin": PAGE,
    vary: "origin",
    "access-control-expose-headers": "retry-after",
  };
  const origin = { origin: PAGE };

  test("may read answers, errors and streams", async () => {
    const server = createTestServer({ allowedOrigins: [PAGE] });
    const answers = [
      await server.ask({ path: "/channels/a", headers: origin }),
      await server.ask({ path: "/channels/a", query: "limit=x", headers: origin }),
      await server.ask({ path: "/nothing", headers: origin }),
      await server.ask({ method: "PUT", path: "/poll", headers: origin }),
      await server.ask({ path: "/events", query: "channel=a", headers: origin }),
      await server.ask({ method: "POST", path: "/stream", headers: origin, body: hello({ a: "now" }) }),
      await server.ask({ method: "POST", path: "/poll", headers: origin, body: hello({ a: "now" }, { wait: 0 }) }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 404, 405, 200, 200, 200]);
    for (const { headers } of answers) expect(headers).toMatchObject(allowed);
  });

  test("may ask before they send", async () => {
    const server = createTestServer({ allowedOrigins: [PAGE] });
    const headers = {
      ...origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const asked = await server.ask({ method: "OPTIONS", path: "/channels/a", headers });
    expect(asked).toMatchObject({
      status: 204,
      text: "",
      headers: {
        ...allowed,
        allow: "GET, HEAD, POST, OPTIONS",
        "cache-control": "no-store",
        "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
        "access-control-allow-headers":
          "authorization, content-type, eitherway-client, eitherway-event, idempotency-key, last-event-id",
        "access-control-max-age": "7200",
      },
    });
  });

  test("may open WebSockets", async () => {
    const socket = await createTestServer({ allowedOrigins: [PAGE] }).upgrade(origin);
    expect(socket.protocol).toBe("eitherway.v1.json");
  });

  test("that leave while a long-poll waits free it", async () => {
    const server = createTestServer({ allowedOrigins: [PAGE] });
    const body = hello({ a: "now" });
    const { client } = await server.ask({ method: "POST", path: "/poll", headers: origin, body });
    expect(server.eitherway.stats().links).toBe(1);
    client.cut();
    await server.clock.settle();
    expect(server.eitherway.stats().links).toBe(0);
  });
});

test("a server that was closed answers every door with drain, and comes to no harm by it (P10, P11)", async () => {
  const server = createTestServer();
  await server.eitherway.close();
  for (const path of ["/healthz", "/channels/a"]) {
    const { status, code, headers } = await server.ask({ path });
    expect({ status, code, after: headers["retry-after"] }).toEqual({ status: 503, code: "drain", after: "1" });
  }
  expect((await server.upgrade()).refusal?.status).toBe(503);
});
