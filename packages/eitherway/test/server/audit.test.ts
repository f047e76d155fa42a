/** Each kind of audit entry, by what peers, applications and operators do to a whole server. */
import { describe, expect, test } from "vitest";
import { type AuditEntry, createMemoryBroker, DEFAULT_LIMITS, DEFAULT_RETENTION } from "../../src/core/index.ts";
import { EitherwayError } from "../../src/protocol/index.ts";
import type { EitherwayOptions } from "../../src/server/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";
import { createGuarded, type Grants } from "./authority-support.ts";

const GRANTS: Grants = {
  ana: { user: "ana", tokenId: "ana-1" },
  bo: { user: "bo", tokenId: "bo-1", channels: { "room/*": ["subscribe"] } },
  guest: { tokenId: "guest-1" },
};

/** A server with what it says to its auditor, each but for its time. */
function createAudited(options: EitherwayOptions = {}, clock = createFakeClock(), grants = GRANTS) {
  const entries: AuditEntry[] = [];
  const server = createGuarded(grants, { audit: (entry) => void entries.push(entry), ...options }, clock);
  return {
    ...server,
    entries,
    /** Those since the last call. */
    read: () => entries.splice(0).map(({ at: _, ...entry }) => defined(entry)),
  };
}

function defined(entry: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

const REMOTE = "192.0.2.7";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const command = (client: string, token?: string) =>
  [
    JSON.stringify({ t: "hello", v: 1, client, token, channels: {} }),
    JSON.stringify({ t: "publish", k: `${client}.1`, c: "a", d: 1 }),
  ].join("\n");

describe("a refusal", () => {
  test("of a token that is not accepted names address and client, and its time", async () => {
    const server = createAudited();
    await server.connect("stranger-token", {}, "tab1");
    expect(server.entries[0]?.at).toBe(server.clock.wall());
    expect(server.read()).toEqual([
      {
        ...{ what: "refused", code: "unauthorized", message: "The token is not accepted." },
        ...{ client: "tab1", remote: "127.0.0.1" },
      },
    ]);
  });

  test("of a token that is over", async () => {
    const server = createAudited({}, createFakeClock(), { old: { user: "ana", expiresAt: 1 } });
    await server.ask({ path: "/channels/a", headers: bearer("old"), remote: REMOTE });
    expect(server.read()).toMatchObject([{ what: "refused", code: "token-expired", client: "http", remote: REMOTE }]);
  });

  test("of a channel names user, token id, channel and action", async () => {
    const server = createAudited();
    await server.connect("bo", { "room/1": "now", secret: "now" }, "tab2");
    await server.ask({ path: "/channels/secret", headers: bearer("bo"), remote: REMOTE });
    expect(server.read()).toMatchObject([
      {
        ...{ what: "refused", code: "forbidden", user: "bo", tokenId: "bo-1", client: "tab2", remote: "127.0.0.1" },
        ...{ channel: "secret", action: "subscribe" },
      },
      { code: "forbidden", user: "bo", client: "http", remote: REMOTE, channel: "secret", action: "history" },
    ]);
  });

  test("by the application's authorize, and of presence without a user", async () => {
    const server = createAudited({ authorize: ({ channel }) => channel !== "closed" });
    const { send } = await server.connect("guest", { closed: "now" }, "tab3");
    await send({ t: "presence", k: "tab3.1", c: "open", d: {} });
    expect(server.read()).toMatchObject([
      { code: "forbidden", tokenId: "guest-1", channel: "closed", action: "subscribe" },
      { code: "forbidden", tokenId: "guest-1", channel: "open", action: "presence" },
    ]);
  });

  test("of what was revoked names whose it was", async () => {
    const server = createAudited();
    await server.eitherway.revoke({ token: "ana-1" });
    server.read();
    await server.ask({ path: "/channels/a", headers: bearer("ana"), remote: REMOTE });
    expect(server.read()).toMatchObject([
      { what: "refused", code: "revoked", user: "ana", tokenId: "ana-1", remote: REMOTE },
    ]);
  });

  test("of another user's token on an open link", async () => {
    const server = createAudited();
    const { send } = await server.connect("ana", {}, "tab1");
    await send({ t: "refresh", token: "bo" });
    expect(server.read()).toMatchObject([{ code: "unauthorized", user: "ana", tokenId: "ana-1", client: "tab1" }]);
  });

  test("at the door, of a page and of a host, tells a developer why (the page is not told)", async () => {
    const server = createAudited({ auth: undefined });
    const request = { path: "/channels/a", remote: REMOTE };
    await server.ask({ ...request, headers: { origin: "https://evil.example" } });
    await server.ask({ ...request, headers: { host: "evil.example" } });
    await server.upgrade({ origin: "https://evil.example" }, { remote: REMOTE });
    expect(server.read()).toMatchObject([
      { code: "origin-refused", remote: REMOTE, message: expect.stringContaining("add it to option allowedOrigins") },
      { code: "host-refused", remote: REMOTE },
      { code: "origin-refused", remote: REMOTE },
    ]);
  });

  test("of links beyond a limit", async () => {
    const server = createAudited({ limits: { userLinks: 1 } });
    await server.connect("ana", {}, "tab1");
    await server.connect("ana", {}, "tab2");
    expect(server.read()).toMatchObject([
      { code: "too-many-links", user: "ana", tokenId: "ana-1", client: "tab2", remote: "127.0.0.1" },
    ]);
  });

  test("of commands that come too fast, over HTTP", async () => {
    const server = createAudited({ limits: { commandsPerSecond: 1, commandBurst: 1 } });
    const request = { method: "POST", path: "/commands", remote: REMOTE, body: command("tab1", "ana") };
    for (let i = 0; i < 2; i++) await server.ask(request);
    expect(server.read()).toMatchObject([
      { code: "rate-limited", user: "ana", tokenId: "ana-1", client: "tab1", remote: REMOTE },
    ]);
  });

  test("that is none has no entry: nobody was kept from anything by who cannot be asked, nor by what is no request", async () => {
    const down = (): never => {
      throw new EitherwayError("unavailable", "The database is down.");
    };
    const server = createAudited({ auth: down });
    await server.connect("ana");
    await server.ask({ path: "/nothing" });
    await server.ask({ path: "/events", query: "" });
    expect(server.read()).toEqual([]);
  });

  test("does not quote the token, though the sentence of the application does", async () => {
    const auth = ({ token }: { token: string | undefined }): never => {
      throw new EitherwayError("unauthorized", `No session ${token}; log in.`);
    };
    const server = createAudited({ auth });
    await server.connect("s3cr3t-token", {}, "tab1");
    expect(server.read()).toMatchObject([{ message: "No session …; log in." }]);
  });
});

describe("a revocation", () => {
  test("says who lost what, by whom, and how many links were ended by it", async () => {
    const server = createAudited();
    for (const client of ["tab1", "tab2"]) await server.connect("ana", { a: "now" }, client);
    await server.connect("bo", { "room/1": "now" });
    await server.eitherway.revoke({ user: "ana" });
    await server.eitherway.revoke({ token: "bo-1", channel: "room/1" });
    await server.eitherway.revoke({ user: "nobody" });
    expect(server.read()).toEqual([
      { what: "revoked", by: "application", user: "ana", links: 2 },
      { what: "revoked", by: "application", tokenId: "bo-1", channel: "room/1", links: 1 },
      { what: "revoked", by: "application", user: "nobody", links: 0 },
    ]);
  });

  test("has an entry on each node; one that comes later does not tell of those long ago", async () => {
    const clock = createFakeClock();
    const broker = createMemoryBroker({
      ...{ clock, random: () => 0.5, limits: DEFAULT_LIMITS, retention: DEFAULT_RETENTION, keyWindowMs: 1 },
      ...{ metrics: { count() {} }, logger: witnessed() },
    });
    const [one, other, late] = [0, 1, 2].map(() => createAudited({ broker: () => broker }, clock)) as [
      Node,
      Node,
      Node,
    ];
    await one.connect("ana", {}, "tab1");
    await other.connect("ana", {}, "tab2");
    await one.eitherway.revoke({ user: "ana" });
    await one.pass(1_000);
    await late.connect("bo");
    expect([one.read(), other.read(), late.read()]).toEqual([
      [{ what: "revoked", by: "application", user: "ana", links: 1 }],
      [{ what: "revoked", by: "another-node", user: "ana", links: 1 }],
      [],
    ]);
  });

  test("that could not be stored has no entry", async () => {
    const server = createAudited({ limits: { channels: 1 } });
    await server.eitherway.publish("a", 1);
    const revoking = server.eitherway.revoke({ user: "ana" });
    await expect(revoking).rejects.toMatchObject({ code: "too-many-channels" });
    expect(server.read()).toEqual([]);
  });
});

type Node = ReturnType<typeof createAudited>;

test("the end of the server says how many links were told to come back, and what was left out before", async () => {
  const server = createAudited();
  for (let i = 0; i < 30; i++) await server.connect("stranger", {}, `t${i}`);
  await server.connect("ana");
  const closing = server.eitherway.close();
  await server.clock.settle();
  server.clock.advance(3_000);
  await closing;
  expect(server.read().slice(20)).toEqual([
    { what: "closed", links: 1 },
    { what: "suppressed", code: "unauthorized", count: 10 },
  ]);
});

test("an auditor that throws changes nothing for anybody (P7)", async () => {
  const audit = (): never => {
    throw new Error("the auditor is down");
  };
  const server = createGuarded(GRANTS, { audit });
  await server.connect("stranger");
  const { read } = await server.connect("ana", { a: "now" });
  await server.eitherway.publish("a", "still here");
  await server.eitherway.revoke({ user: "bo" });
  await server.clock.settle();
  expect(read()).toEqual(["welcome", "live a", "a: still here"]);
  expect(server.log).toEqual([expect.stringMatching(/^audit failed/)]);
  expect(server.counters("audit.")).toEqual({ "audit.failed": 2 });
});

test("an auditor that is no function is refused (P12)", () => {
  expect(() => createGuarded({}, { audit: "log" as never })).toThrow('Option audit has "log"; give a function.');
});
