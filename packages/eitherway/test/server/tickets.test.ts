/** Tickets: a token as a cookie, for event streams of pages alone. */
import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../src/testing/index.ts";
import { createGuarded } from "./authority-support.ts";

const BEGAN = createFakeClock().wall();
const GRANTS = { "a.b_c-d": { user: "ana", expiresAt: BEGAN + 60_000 }, 'odd ;="ä': { user: "bo" } };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const EVENTS = { path: "/events", query: "channel=a" };

async function ticketOf(server: ReturnType<typeof createGuarded>, token: string) {
  const { status, headers } = await server.ask({ method: "POST", path: "/tickets", headers: bearer(token) });
  expect(status).toBe(204);
  const cookie = String(headers["set-cookie"]);
  return { cookie, pair: cookie.split("; ")[0] ?? "" };
}

describe("a ticket", () => {
  test("opens event streams of the server's own pages, and ends with its token (P9)", async () => {
    const server = createGuarded(GRANTS);
    const { cookie, pair } = await ticketOf(server, "a.b_c-d");
    expect(cookie).toBe("eitherway-ticket=a.b_c-d; HttpOnly; Secure; SameSite=Strict; Max-Age=60");
    const headers = { cookie: `other=1; ${pair}; more=2`, "sec-fetch-site": "same-origin" };
    const { status, client } = await server.ask({ ...EVENTS, headers });
    expect(status).toBe(200);
    await server.eitherway.revoke({ user: "ana" });
    await server.pass(1);
    expect(client.state).toBe("ended");
    expect((await server.ask({ ...EVENTS, headers })).code).toBe("revoked");
  });

  test.each(["same-site", "cross-site", "none", undefined])(
    "is refused where the browser says %j of the request (P12)",
    async (site) => {
      const server = createGuarded(GRANTS);
      const { pair } = await ticketOf(server, "a.b_c-d");
      const headers = { cookie: pair, ...(site !== undefined && { "sec-fetch-site": site }) };
      expect((await server.ask({ ...EVENTS, headers })).code).toBe("origin-refused");
    },
  );

  test("opens no other door (P12)", async () => {
    const server = createGuarded(GRANTS);
    const { pair } = await ticketOf(server, "a.b_c-d");
    const headers = {
      cookie: pair,
      "sec-fetch-site": "same-origin",
      "content-type": "text/plain",
      "eitherway-client": "c",
    };
    const hello = JSON.stringify({ t: "hello", v: 1, client: "c", channels: { a: "now" }, wait: 0 });
    const doors = [
      { path: "/channels/a" },
      { method: "POST", path: "/channels/a", body: "x" },
      { path: "/channels/a/@presence" },
      { method: "POST", path: "/stream", body: hello },
      { method: "POST", path: "/poll", body: hello },
      { method: "POST", path: "/commands", body: hello },
      { method: "POST", path: "/tickets" },
    ];
    for (const door of doors) expect((await server.ask({ ...door, headers })).code, door.path).toBe("unauthorized");
  });

  test("may hold any token; one that no browser would keep is refused", async () => {
    const long = "x".repeat(5_000);
    const server = createGuarded({ ...GRANTS, [long]: {} });
    const refused = await server.ask({ method: "POST", path: "/tickets", headers: bearer(long) });
    expect(refused).toMatchObject({ status: 413, code: "too-large" });
    const encoded = encodeURIComponent('odd ;="ä');
    const headers = { cookie: `eitherway-ticket=${encoded}`, "sec-fetch-site": "same-origin" };
    expect((await server.ask({ ...EVENTS, headers })).status).toBe(200);
    expect((await server.ask({ ...EVENTS, headers: { ...headers, cookie: "eitherway-ticket=%ff" } })).code).toBe(
      "bad-request",
    );
  });

  test("is not had without a token, nor where nobody is identified", async () => {
    for (const server of [createGuarded(GRANTS), createGuarded({}, { auth: undefined })]) {
      expect((await server.ask({ method: "POST", path: "/tickets" })).code).toBe("unauthorized");
    }
  });

  test("is taken back from the browser by DELETE", async () => {
    const { status, headers } = await createGuarded(GRANTS).ask({ method: "DELETE", path: "/tickets" });
    expect(status).toBe(204);
    expect(headers["set-cookie"]).toBe("eitherway-ticket=; HttpOnly; Secure; SameSite=Strict; Max-Age=0");
  });
});
