/** Presence for whoever has no client of ours: plain HTTP, a plain event stream, and the application itself. */
import { describe, expect, test } from "vitest";
import type { EitherwayOptions } from "../../src/server/index.ts";
import { createTestServer, type TestServer } from "./support.ts";

const LEASE_MS = 10_000;
const PATH = "/channels/room/42/@presence";
const json = { "content-type": "application/json" };

describe("the door of presence", () => {
  test("POST enters with a client id of its own, GET lists with the id at which it is true, DELETE leaves (P8)", async () => {
    const server = createTestServer();
    expect((await server.ask({ path: PATH })).text).toBe('{"channel":"room/42","id":null,"members":[]}');
    expect(await enter(server, "ana", '{ "at": 1.0 }')).toMatchObject({ status: 204, text: "" });
    await enter(server, "bo", "null");
    const { text, headers } = await server.ask({ path: PATH });
    expect(headers["content-type"]).toBe("application/json");
    expect(text).toContain('"members":[{"member":"ana","state":{ "at": 1.0 }},{"member":"bo","state":null}]');
    const { id } = JSON.parse(text) as { id: string };
    expect(await ask(server, "DELETE", { "eitherway-client": "ana" })).toMatchObject({ status: 204 });
    const after = await server.ask({ path: "/channels/@presence/room/42", query: `after=${id}` });
    expect(JSON.parse(after.text).messages).toMatchObject([{ event: "leave", data: { member: "ana" } }]);
    expect((await server.ask({ method: "HEAD", path: PATH })).status).toBe(200);
  });

  test("a lease goes on while the same POST comes again, and ends like any other (P8)", async () => {
    const server = createTestServer();
    for (let n = 0; n < 5; n++) {
      await enter(server, "ana", "1");
      server.clock.advance(LEASE_MS - 1_000);
    }
    expect((await server.eitherway.presence("room/42")).members).toEqual([{ member: "ana", state: 1 }]);
    server.clock.advance(2_000);
    expect((await server.eitherway.presence("room/42")).members).toEqual([]);
    expect(server.counters("presence.")).toMatchObject({ "presence.joins": 1, "presence.lapsed": 1 });
  });

  test.each<[string, string, Record<string, string>, string, number, string]>([
    ["no client id", PATH, { ...json, "eitherway-client": "" }, "1", 400, "bad-request"],
    ["a client id that is none", PATH, { ...json, "eitherway-client": "a b" }, "1", 400, "bad-request"],
    ["no JSON", PATH, json, "{", 400, "bad-json"],
    ["no content type of JSON", PATH, { "content-type": "text/plain" }, "1", 415, "unsupported-type"],
    ["a state over limits.presenceBytes", PATH, json, JSON.stringify("x".repeat(1_024)), 413, "too-large"],
    ["a reserved channel", "/channels/@presence/room/@presence", json, "1", 403, "reserved-channel"],
    ["no channel name", "/channels/a//b/@presence", json, "1", 400, "bad-channel"],
  ])("refuses %s (P12)", async (_, path, headers, body, status, code) => {
    const server = createTestServer();
    const asked = await server.ask({ method: "POST", path, headers: { "eitherway-client": "ana", ...headers }, body });
    expect(asked).toMatchObject({ status, code });
  });

  test("a member too many is told to come back (P6)", async () => {
    const server = createTestServer({ limits: { presenceMembers: 1 } });
    await enter(server, "ana", "1");
    const refused = await enter(server, "bo", "1");
    expect(refused).toMatchObject({ status: 503, code: "too-many-members", headers: { "retry-after": "1" } });
  });

  test("pages of other hosts neither enter nor leave (P12)", async () => {
    const server = createTestServer();
    const origin = { origin: "https://evil.example" };
    for (const method of ["POST", "DELETE"]) {
      const asked = await ask(server, method, { ...json, ...origin, "eitherway-client": "ana" }, "1");
      expect(asked.code).toBe("origin-refused");
      const hidden = { "sec-fetch-site": "cross-site", "eitherway-client": "ana" };
      expect((await ask(server, method, { ...json, ...hidden }, "1")).code).toBe("origin-refused");
    }
  });

  test("nothing publishes into a log of joins and leaves, over any door (P8)", async () => {
    const server = createTestServer();
    const asked = await server.ask({ method: "POST", path: "/channels/@presence/room/42", headers: json, body: "1" });
    expect(asked.code).toBe("reserved-channel");
    await expect(server.eitherway.publish("@presence/room/42", 1)).rejects.toMatchObject({ code: "reserved-channel" });
  });
});

describe("a plain event stream of presence", () => {
  test("begins with an event presence, whose id continues it, then has joins, updates and leaves (P3, P8)", async () => {
    const server = createTestServer();
    await enter(server, "ana", "1");
    const { client, text } = await server.ask({ path: "/events", query: "channel=@presence/room/42" });
    await enter(server, "ana", "2");
    await ask(server, "DELETE", { "eitherway-client": "ana" });
    await server.clock.settle();
    const blocks = (text + client.readText()).split("\n\n").filter((block) => block.includes("data:"));
    expect(blocks[0]).toContain(
      'event: presence\ndata: {"channel":"@presence/room/42","members":[{"member":"ana","state":1}]}',
    );
    expect(blocks[1]).toContain('event: update\ndata: {"member":"ana","state":2}');
    expect(blocks[2]).toContain('event: leave\ndata: {"member":"ana"}');
    const [, id = ""] = /id: (\S+)/.exec(blocks[0] ?? "") ?? [];
    const again = await server.ask({ path: "/events", query: `channel=@presence/room/42&after=${id}` });
    expect(again.text).not.toContain("event: presence");
    expect(again.text).toContain("event: update");
  });
});

describe("the application", () => {
  test("asks who is in a channel, and is told what does not make sense (P8, P12)", async () => {
    const { eitherway, ...server } = createTestServer();
    expect(await eitherway.presence("room/42")).toEqual({ id: undefined, members: [] });
    await enter({ eitherway, ...server }, "ana", '{"name":"Ana"}');
    const { id, members } = await eitherway.presence("room/42");
    expect(id).toMatch(/-00000001$/);
    expect(members).toEqual([{ member: "ana", state: { name: "Ana" } }]);
    await expect(eitherway.presence("@presence/room")).rejects.toMatchObject({ code: "reserved-channel" });
  });

  test("says how long a lease is", async () => {
    const options: EitherwayOptions = { presenceLeaseMs: "2s" };
    const server = createTestServer(options);
    await enter(server, "ana", "1");
    server.clock.advance(2_500);
    expect((await server.eitherway.presence("room/42")).members).toEqual([]);
  });
});

function enter(server: TestServer, client: string, body: string) {
  return ask(server, "POST", { ...json, "eitherway-client": client }, body);
}

function ask(server: TestServer, method: string, headers: Record<string, string>, body = "") {
  return server.ask({ method, path: PATH, headers, body });
}
