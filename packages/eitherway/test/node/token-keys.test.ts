/** The keys of an issuer, from a real server that is well, slow, wrong, hostile or gone. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { KEY_SET_BYTES, KEY_SET_TIME_LIMIT_MS } from "../../src/server/tokens/fetch-key-set.ts";
import { createTokenVerifier } from "../../src/server/tokens/index.ts";
import { COOLDOWN_MS, FRESH_MS, MAX_CANDIDATES, RETRY_MS, STALE_MS } from "../../src/server/tokens/remote-keys.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/index.ts";
import { ecdsa, hmac, refusal, rsa, signedBy } from "../server/tokens/support.ts";

interface Key {
  readonly kid: string | undefined;
  readonly jwk: object;
  readonly sign: (input: string) => Buffer;
}

const makeKey = (kid?: string): Key => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { kid, jwk: jwkOf(publicKey, kid), sign: ecdsa(privateKey) };
};

const jwkOf = (key: KeyObject, kid?: string): object => ({ ...key.export({ format: "jwk" }), ...(kid && { kid }) });

const tokenOf = ({ kid, sign }: Key, more: object = {}): string =>
  signedBy(sign, { alg: "ES256", ...(kid && { kid }), ...more }, { sub: "ana" });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const keySet =
  (...keys: readonly Pick<Key, "jwk">[]): Answer =>
  (_, response) =>
    void response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));

interface Issuer {
  readonly url: string;
  readonly clock: FakeClock;
  /** How often it was asked. */
  asked(): number;
  answers(answer: Answer): void;
  /** Settles with the next request's arrival. */
  nextRequest(): Promise<void>;
  verify(token: string): Promise<string | undefined>;
}

async function startIssuer(first: Answer): Promise<Issuer> {
  let answer = first;
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?planted`;
  const clock = createFakeClock();
  const verifier = createTokenVerifier({ jwks: url }, clock);
  return {
    url,
    clock,
    asked: () => asked,
    answers(next) {
      answer = next;
    },
    nextRequest: async () => void (await once(server, "request")),
    verify: async (token) => (await verifier.verify(token)).user,
  };
}

const hang: Answer = () => {};
const fail: Answer = (_, response) => void response.writeHead(500).end();

describe("keys of an issuer", () => {
  test("are fetched with the first token, once, however many come at a time (P9)", async () => {
    const key = makeKey("a");
    const issuer = await startIssuer(keySet(key));
    const users = await Promise.all(Array.from({ length: 20 }, () => issuer.verify(tokenOf(key))));
    expect(users).toEqual(Array(20).fill("ana"));
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    expect(issuer.asked()).toBe(1);
  });

  test("rotate: a new one is found, an old one is refused once it is gone (P9)", async () => {
    const [old, next] = [makeKey("old"), makeKey("next")];
    const issuer = await startIssuer(keySet(old));
    await issuer.verify(tokenOf(old));
    issuer.answers(keySet(next));
    issuer.clock.advance(COOLDOWN_MS);
    expect(await issuer.verify(tokenOf(next))).toBe("ana");
    expect((await refusal(issuer.verify(tokenOf(old)))).code).toBe("unavailable"); // it may have come back meanwhile
    issuer.clock.advance(COOLDOWN_MS);
    const { code, message } = await refusal(issuer.verify(tokenOf(old)));
    expect({ code, message }).toMatchObject({
      code: "unauthorized",
      message: expect.stringMatching(/issuer does not have/),
    });
  });

  test("are not fetched again for every made-up kid, and such a token may come back (P6)", async () => {
    const issuer = await startIssuer(keySet(makeKey("a")));
    const forged = (n: number) => issuer.verify(tokenOf(makeKey(`made-up-${n}`)));
    expect((await refusal(forged(0))).code).toBe("unauthorized");
    const codes = await Promise.all(Array.from({ length: 20 }, async (_, n) => (await refusal(forged(n + 1))).code));
    expect(new Set(codes)).toEqual(new Set(["unavailable"]));
    expect(issuer.asked()).toBe(1);
    issuer.clock.advance(COOLDOWN_MS);
    await Promise.all(Array.from({ length: 20 }, (_, n) => refusal(forged(n))));
    expect(issuer.asked()).toBe(2);
  });

  test.each([
    "../../etc/passwd",
    "' OR '1'='1",
    "a\r\nx: y",
    "http://127.0.0.1:9/",
    "\u0000",
    "__proto__",
    "k".repeat(256),
  ])("are looked up by a kid like %j as by any name", async (kid) => {
    const key = makeKey(kid);
    const issuer = await startIssuer(keySet(key));
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    expect((await refusal(issuer.verify(tokenOf(makeKey(kid))))).message).toMatch(/signature/);
  });

  test("that a token does not name are tried, a few of them", async () => {
    const keys = Array.from({ length: MAX_CANDIDATES + 1 }, () => makeKey());
    const issuer = await startIssuer(keySet(...keys));
    expect(await issuer.verify(tokenOf(keys[MAX_CANDIDATES - 1] as Key))).toBe("ana");
    expect((await refusal(issuer.verify(tokenOf(keys[MAX_CANDIDATES] as Key)))).code).toBe("unauthorized");
  });

  test("are for their own algorithm only: neither a secret among them nor a public key as a secret is one (P9)", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const k = "A".repeat(43);
    const rsaJwk = jwkOf(publicKey, "r");
    const issuer = await startIssuer(keySet({ jwk: { kty: "oct", k, kid: "s", alg: "HS256" } }, { jwk: rsaJwk }));
    expect(await issuer.verify(signedBy(rsa(privateKey), { alg: "RS256", kid: "r" }, { sub: "ana" }))).toBe("ana");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    for (const [kid, secret] of [
      ["s", Buffer.from(k, "base64url")],
      ["r", pem],
      ["r", JSON.stringify(rsaJwk)],
    ] as const) {
      const forged = signedBy(hmac(secret), { alg: "HS256", kid }, { sub: "admin" });
      expect((await refusal(issuer.verify(forged))).message).toMatch(/algorithm/);
    }
    const own = { kid: "x", jwk: makeKey().jwk, jku: issuer.url, x5u: issuer.url };
    expect((await refusal(issuer.verify(tokenOf(makeKey("x"), own)))).code).toMatch(/unavailable|unauthorized/);
    expect(issuer.asked()).toBe(1); // addresses in a token are not asked
  });

  test("that must not be used here are none: private, for encryption, for another algorithm, too short", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const issuer = await startIssuer(
      keySet(
        { jwk: { ...privateKey.export({ format: "jwk" }), kid: "private" } },
        { jwk: { ...jwkOf(publicKey, "enc"), use: "enc" } },
        { jwk: { ...jwkOf(publicKey, "other"), alg: "ES384" } },
        { jwk: { ...jwkOf(publicKey, "ops"), key_ops: ["deriveKey"] } },
        { jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA", kid: "broken" } },
        { jwk: jwkOf(short.publicKey, "short") },
      ),
    );
    for (const kid of ["private", "enc", "other", "ops", "broken"]) {
      const told = await refusal(issuer.verify(tokenOf({ kid, jwk: {}, sign: ecdsa(privateKey) })));
      expect(told.code).toMatch(/^(?:unavailable|unauthorized)$/);
    }
    const text = signedBy(rsa(short.privateKey), { alg: "RS256", kid: "short" }, {});
    expect((await refusal(issuer.verify(text))).code).toBe("unauthorized");
  });
});

describe("an issuer that is not well", () => {
  const key = makeKey("a");

  test("and hangs holds nobody longer than the limit, who may come back (P9)", async () => {
    const issuer = await startIssuer(hang);
    const arrived = issuer.nextRequest();
    const refused = refusal(issuer.verify(tokenOf(key)));
    await arrived;
    issuer.clock.advance(KEY_SET_TIME_LIMIT_MS);
    expect(await refused).toMatchObject({ code: "unavailable", retry: true });
    expect(issuer.clock.pending).toBe(0);
  });

  test("and hangs in the middle of its answer, the same", async () => {
    const issuer = await startIssuer((_, response) => void response.write('{"keys":['));
    const arrived = issuer.nextRequest();
    const refused = refusal(issuer.verify(tokenOf(key)));
    await arrived;
    issuer.clock.advance(KEY_SET_TIME_LIMIT_MS);
    expect((await refused).code).toBe("unavailable");
  });

  test("and hangs keeps nobody waiting whose key is at hand; its keys are used up to their bound (P9)", async () => {
    const issuer = await startIssuer(keySet(key));
    await issuer.verify(tokenOf(key));
    issuer.answers(hang);
    issuer.clock.advance(FRESH_MS + 1);
    const arrived = issuer.nextRequest();
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    await arrived; // it was asked beside that, and does not answer
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    const unknown = refusal(issuer.verify(tokenOf(makeKey("b"))));
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    issuer.clock.advance(KEY_SET_TIME_LIMIT_MS);
    expect((await unknown).code).toBe("unavailable");
    issuer.answers(fail);
    issuer.clock.advance(STALE_MS - FRESH_MS - KEY_SET_TIME_LIMIT_MS - 1);
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    issuer.clock.advance(STALE_MS);
    expect((await refusal(issuer.verify(tokenOf(key)))).code).toBe("unavailable");
    issuer.answers(keySet(key));
    issuer.clock.advance(RETRY_MS);
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
  });

  test("is asked again soon, but not with every token (P6)", async () => {
    const issuer = await startIssuer(fail);
    await Promise.all(Array.from({ length: 20 }, () => refusal(issuer.verify(tokenOf(key)))));
    await refusal(issuer.verify(tokenOf(key)));
    expect(issuer.asked()).toBe(1);
    issuer.answers(keySet(key));
    issuer.clock.advance(RETRY_MS);
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
    expect(issuer.asked()).toBe(2);
  });

  test("may answer with as many bytes as the limit says, and no more (P6)", async () => {
    const padded = (length: number): Answer => {
      const text = JSON.stringify({ keys: [key.jwk] });
      return (_, response) => void response.end(text.padEnd(length));
    };
    const issuer = await startIssuer(padded(KEY_SET_BYTES + 1));
    expect((await refusal(issuer.verify(tokenOf(key)))).code).toBe("unavailable");
    issuer.answers(padded(KEY_SET_BYTES));
    issuer.clock.advance(RETRY_MS);
    expect(await issuer.verify(tokenOf(key))).toBe("ana");
  });

  test.each<[string, Answer, RegExp]>([
    ["fails", fail, /answers 500 instead of 200/],
    ["redirects", (_, response) => void response.writeHead(302, { location: "/other" }).end(), /answers 302/],
    ["has no body", (_, response) => void response.writeHead(204).end(), /answers 204/],
    ["answers with a page", (_, response) => void response.end("<html>"), /cannot be had: it is no JSON\.$/],
    ["answers with no key set", (_, response) => void response.end('{"keys":{}}'), /malformed/],
    ["answers with a list", (_, response) => void response.end("[]"), /malformed/],
    ["answers with null", (_, response) => void response.end("null"), /malformed/],
    ["answers with keys that are none", (_, response) => void response.end('{"keys":[1]}'), /malformed/],
    ["answers without end", (_, response) => void endless(response), new RegExp(`over ${KEY_SET_BYTES} bytes`)],
    ["hangs up", (request) => void request.socket.destroy(), /cannot be had/],
    ["is not UTF-8", (_, response) => void response.end(Buffer.from([0xff, 0x7b])), /cannot be had/],
  ])("and %s: unavailable, and only the cause says where and why", async (_, answer, why) => {
    const issuer = await startIssuer(answer);
    const told = (await refusal(issuer.verify(tokenOf(key)))) as Error & { code: string };
    expect(told.code).toBe("unavailable");
    expect((told.cause as Error).message).toMatch(why);
    expect(told.message).not.toMatch(/127\.0\.0\.1|http/);
    expect(inspect((told.cause as Error).message)).not.toContain("planted"); // a query may have a secret
  });
});

/** Writes as long as the other end takes it. */
function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write("x".repeat(16_384)));
  };
  response.on("drain", more);
  more();
}
