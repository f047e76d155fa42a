/** Forged tokens at every door that takes one, of a server that listens. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ClientFrame, jsonClientCodec } from "../../src/protocol/index.ts";
import { base64url, hmac, pem, rsa, SECRET, signedBy, token } from "../server/tokens/support.ts";
import { AUDIENCE, ask, BASE, bearer, CODECS, hello, now, openPeer, openSite, type Site, tokenOf } from "./support.ts";

const CHANNEL = "room/1";
const EVERYTHING = { "room/*": ["*"] };
const GOOD = { sub: "mallory", aud: AUDIENCE, channels: EVERYTHING };

/** What came of a token at each door: `in`, or the code of its refusal. */
async function knock(site: Site, shown: string): Promise<Readonly<Record<string, string>>> {
  const outcomes: Record<string, string> = {};
  for (const [name, codec] of Object.entries(CODECS)) {
    const peer = await openPeer(site, codec);
    peer.send(hello(shown, { [CHANNEL]: "now" }));
    outcomes[`hello in ${name}`] = await peer.answer();
  }
  const said = jsonClientCodec.writeClient({ ...hello(shown, { [CHANNEL]: "now" }), wait: 0 } as ClientFrame);
  const { code } = await ask(site, "POST", `${BASE}/stream`, {}, said);
  const poll = await ask(site, "POST", `${BASE}/poll`, {}, said);
  const commands = await ask(site, "POST", `${BASE}/commands`, {}, said);
  const headers = bearer(shown);
  const history = await ask(site, "GET", `${BASE}/channels/${CHANNEL}`, headers);
  const publish = await ask(
    site,
    "POST",
    `${BASE}/channels/${CHANNEL}`,
    { ...headers, "content-type": "text/plain" },
    "x",
  );
  const presence = await ask(site, "GET", `${BASE}/channels/${CHANNEL}/@presence`, headers);
  const events = await ask(site, "GET", `${BASE}/events?channel=${CHANNEL}`, headers);
  const ticket = await ask(site, "POST", `${BASE}/tickets`, headers);
  const cookie = { cookie: `eitherway-ticket=${shown}`, "sec-fetch-site": "same-origin" };
  const withTicket = await ask(site, "GET", `${BASE}/events?channel=${CHANNEL}`, cookie);
  return {
    ...outcomes,
    ...{ "hello of a stream": code, "hello of a poll": poll.code, "hello of a batch": commands.code },
    ...{ "bearer of history": history.code, "bearer of a publish": publish.code, "bearer of presence": presence.code },
    ...{ "bearer of events": events.code, "bearer of a ticket": ticket.code, ticket: withTicket.code },
  };
}

const same = (outcomes: Readonly<Record<string, string>>, code: string) =>
  Object.fromEntries(Object.keys(outcomes).map((door) => [door, code]));

describe("forged tokens are refused by every door, and those who behave go on (P2, P9, P12)", () => {
  const unsigned = `${base64url({ alg: "none" })}.${base64url({ ...GOOD, exp: now() + 600 })}.`;
  test.each<readonly [what: string, shown: string, code: string]>([
    ["alg none", unsigned, "unauthorized"],
    ["alg none with a signature of nothing", `${unsigned}AA`, "unauthorized"],
    ["expired", token({ ...GOOD, exp: now() - 60 }), "token-expired"],
    ["not yet valid", token({ ...GOOD, nbf: now() + 60 }), "unauthorized"],
    ["issued in the future", token({ ...GOOD, iat: now() + 60 }), "unauthorized"],
    ["of another audience", token({ ...GOOD, aud: "elsewhere" }), "unauthorized"],
    ["of no audience", token({ ...GOOD, aud: undefined }), "unauthorized"],
    ["of another secret", signedBy(hmac("x".repeat(32)), { alg: "HS256" }, GOOD), "unauthorized"],
    ["a kid of 5,000 characters", token(GOOD, { alg: "HS256", kid: "k".repeat(5_000) }), "unauthorized"],
    ["a user with a line end", token({ ...GOOD, sub: "ana\r\nadmin: yes" }), "unauthorized"],
  ])("%s", async (_, shown, code) => {
    const site = await openSite();
    const outcomes = await knock(site, shown);
    expect(outcomes).toEqual(same(outcomes, code));
    await site.guests.noticedNothing();
    expect(site.errors).toEqual([]);
  });

  test("a public key taken for a secret", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const site = await openSite({ tokens: { publicKey: pem(publicKey) } });
    const confused = await knock(site, signedBy(hmac(pem(publicKey)), { alg: "HS256" }, GOOD));
    expect(confused).toEqual(same(confused, "unauthorized"));
    const right = await knock(site, signedBy(rsa(privateKey), { alg: "RS256" }, GOOD));
    expect(right).toEqual(same(right, "in"));
    await site.guests.noticedNothing();
  });

  test("keys of an issuer that hangs: nobody else waits for it, and the log says once whose and why (P7, P11)", async () => {
    const issuer = createServer((socket) => void socket.on("error", () => {}).resume());
    await once(issuer.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void issuer.close());
    const { port } = issuer.address() as AddressInfo;
    const site = await openSite({ tokens: { jwks: `http://127.0.0.1:${port}/keys?secret=planted` } });
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const shown = signedBy(rsa(privateKey), { alg: "RS256", kid: "1" }, GOOD);
    const codes = await Promise.all(
      Array.from(
        { length: 50 },
        async () => (await ask(site, "GET", `${BASE}/channels/${CHANNEL}`, bearer(shown))).code,
      ),
    );
    expect(new Set(codes)).toEqual(new Set(["unavailable"]));
    await site.guests.noticedNothing();
    const cause = "no answer within 5000 ms";
    expect(site.warnings).toEqual([`issuer failed ${JSON.stringify({ host: `127.0.0.1:${port}`, cause })}`]);
    const { counters } = site.stats();
    expect([counters["issuers.failed"], counters["identities.refused.unavailable"]]).toEqual([1, 50]);
  });

  test("and a good one is taken by all of them", async () => {
    const site = await openSite({ tokens: { secret: SECRET } });
    const outcomes = await knock(site, tokenOf("ana", EVERYTHING));
    expect(outcomes).toEqual(same(outcomes, "in"));
    await site.guests.noticedNothing();
  });
});
