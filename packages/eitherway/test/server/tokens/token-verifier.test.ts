import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenVerifierOptions } from "../../../src/server/tokens/index.ts";
import { codeOf } from "../../protocol/support.ts";
import {
  EC,
  ED,
  ecdsa,
  edwards,
  hmac,
  jwk,
  NOW,
  pem,
  RSA,
  refusal,
  rsa,
  SECRET,
  signedBy,
  token,
  verifier,
  verify,
} from "./support.ts";

const LATER = NOW + 3_600;

const PAIRS: [alg: string, key: KeyObject, signature: (input: string) => Buffer][] = [
  ["RS256", RSA.publicKey, rsa(RSA.privateKey)],
  ["ES256", EC.publicKey, ecdsa(EC.privateKey)],
  ["EdDSA", ED.publicKey, edwards(ED.privateKey)],
  ["Ed25519", ED.publicKey, edwards(ED.privateKey)],
];

describe("a good token grants what it says", () => {
  test("all of it (P9)", async () => {
    const claims = {
      sub: "ana",
      jti: "t1",
      iat: NOW - 10,
      exp: LATER,
      nbf: NOW,
      channels: { "room/*": ["publish"] },
      x: 1,
    };
    const grant = await verify(token(claims));
    expect(grant).toMatchObject({ user: "ana", tokenId: "t1", issuedAt: (NOW - 10) * 1_000, claims });
    expect(grant.expiresAt).toBe(LATER * 1_000 + 5_000); // with the tolerance: so long the token is taken
    expect(grant.channels?.allows("room/1", "publish")).toBe(true);
    expect(grant.channels?.allows("room/1", "call")).toBe(false);
  });

  test("nothing that it does not say", async () => {
    expect(await verify(token({}))).toEqual({ claims: {} });
  });

  test.each(PAIRS)("signed by %s, with the key as PEM or as JWK", async (alg, key, signature) => {
    const text = signedBy(signature, { alg }, { sub: "ana" });
    for (const publicKey of [pem(key), jwk(key)]) {
      const tokens = verifier({ publicKey });
      await tokens.ready();
      expect((await tokens.verify(text)).user).toBe("ana");
    }
  });

  test("with a secret of bytes, and the user in another claim", async () => {
    const grant = await verify(token({ sub: "no", name: "ana" }), { secret: Buffer.from(SECRET), userClaim: "name" });
    expect(grant.user).toBe("ana");
  });

  test("for one of several audiences, from one of several issuers", async () => {
    const options = { secret: SECRET, audience: ["chat", "feed"], issuer: ["https://a", "https://b"] };
    for (const aud of ["feed", ["x", "chat"]]) await verify(token({ aud, iss: "https://b" }), options);
  });

  test("a little before its time and after it, as far as clocks may differ", async () => {
    await verify(token({ nbf: NOW + 5, iat: NOW + 5, exp: NOW - 4 }));
    await verify(token({ nbf: NOW + 60, iat: NOW + 60, exp: NOW - 59 }), { secret: SECRET, clockToleranceMs: "1m" });
    expect((await refusal(verify(token({ exp: NOW }), { secret: SECRET, clockToleranceMs: 0 }))).code).toBe(
      "token-expired",
    );
  });
});

describe("a token that is over is told from one that never was good (P9)", () => {
  test.each([
    ["just now", NOW - 5],
    ["long ago", 1],
    ["at the beginning", 0],
    ["before the beginning", -1e9],
  ])("expired %s", async (_, exp) => {
    expect(await refusal(verify(token({ exp })))).toMatchObject({ code: "token-expired", retry: true });
  });

  test.each<[string, object, RegExp]>([
    ["not yet valid", { nbf: NOW + 6 }, /not valid yet/],
    ["of the future", { iat: NOW + 6 }, /issued in the future/],
    ["with an expiry that is text", { exp: "tomorrow" }, /exp/],
    ["with an expiry that is null", { exp: null }, /exp/],
    ["with an expiry in milliseconds, after the end of time", { exp: Date.now() * 1e6 }, /exp.*no time/],
    ["with a nbf that is text", { nbf: "0" }, /nbf/],
    ["with an iat that is a list", { iat: [NOW] }, /iat/],
    ["with a user that is a number", { sub: 42 }, /sub/],
    ["with a user that is null", { sub: null }, /sub/],
    ["with a user that is a list", { sub: ["ana"] }, /sub/],
    ["with an empty user", { sub: "" }, /sub/],
    ["with a user of over 128 bytes", { sub: "ü".repeat(65) }, /sub/],
    ["with a line end in the user", { sub: "ana\r\nset-cookie: a=b" }, /sub/],
    ["with half a letter in the user", { sub: "\ud800" }, /sub/],
    ["with a token id that is a number", { jti: 7 }, /jti/],
    ["with capabilities that are none", { channels: ["room/*"] }, /channels/],
    ["with capabilities that are null", { channels: null }, /channels/],
    ["for an audience, where the server has none", { aud: "elsewhere" }, /audience.*none set/],
  ])("%s", async (_, claims, sentence) => {
    const { code, message } = await refusal(verify(token(claims)));
    expect(code).toBe("unauthorized");
    expect(message).toMatch(sentence);
  });

  test.each<[string, object, RegExp]>([
    ["another audience", { aud: "feed", iss: "https://id" }, /another audience/],
    ["no audience", { iss: "https://id" }, /another audience/],
    ["an audience of another case", { aud: "Chat", iss: "https://id" }, /another audience/],
    ["an audience that is an object", { aud: { chat: 1 }, iss: "https://id" }, /another audience/],
    ["another issuer", { aud: "chat", iss: "https://id.evil" }, /another issuer/],
    ["an issuer in a list", { aud: "chat", iss: ["https://id"] }, /another issuer/],
    ["no issuer", { aud: "chat" }, /another issuer/],
  ])("with %s", async (_, claims, sentence) => {
    const options = { secret: SECRET, audience: "chat", issuer: "https://id" };
    const { code, message } = await refusal(verify(token(claims), options));
    expect(code).toBe("unauthorized");
    expect(message).toMatch(sentence);
  });
});

describe("claims from outside touch no prototype", () => {
  test.each(['{"__proto__":{"sub":"admin","exp":9e9}}', '{"constructor":{"prototype":{"sub":"admin"}}}'])(
    "%s",
    async (text) => {
      const grant = await verify(token(text));
      expect(Object.keys(grant)).toEqual(["claims"]);
      expect(({} as { sub?: unknown }).sub).toBeUndefined();
    },
  );

  test("a user claim that objects have by themselves is only the token's", async () => {
    for (const userClaim of ["constructor", "__proto__", "toString"]) {
      expect((await verify(token({ sub: "ana" }), { secret: SECRET, userClaim })).user).toBeUndefined();
    }
    expect((await verify(token('{"toString":"ana"}'), { secret: SECRET, userClaim: "toString" })).user).toBe("ana");
  });

  test("of a claim given twice the last one counts, everywhere", async () => {
    const grant = await verify(token('{"sub":"ana","sub":"bo","channels":{"a":["*"]},"channels":{"b":["*"]}}'));
    expect([grant.user, grant.claims.sub]).toEqual(["bo", "bo"]);
    expect([grant.channels?.allows("a", "publish"), grant.channels?.allows("b", "publish")]).toEqual([false, true]);
  });
});

test("no refusal repeats the token, its claims or the secret", async () => {
  const planted = "planted-4711";
  const wrong = [
    { sub: planted, exp: 1 },
    { sub: planted, nbf: LATER },
    { aud: planted },
    { sub: `${planted}\n` },
    { jti: { planted } },
    { channels: planted },
    { iss: planted, exp: planted },
  ];
  const texts = [
    ...wrong.map((claims) => token({ ...claims, email: planted })),
    signedBy(hmac("y".repeat(32)), { alg: "HS256", kid: planted }, { planted }),
    token({ planted }, { alg: planted }),
    `${planted}.${planted}`,
  ];
  for (const text of texts) {
    const told = inspect(await refusal(verify(text)), { depth: 10, showHidden: true });
    for (const secret of [planted, text, text.slice(-20), SECRET]) expect(told).not.toContain(secret);
  }
});

test("anything at all is refused with a code that says whether to come back (P12)", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.base64String(),
    fc.json().map(token),
    fc.string().map((part) => token(part)),
  );
  const tokens = verifier();
  const anyHead = fc.json().map((head) => signedBy(hmac(), head, { sub: "ana" }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, anyHead), async (given) => {
      const told = await tokens.verify(given).then(
        () => "taken",
        (error: { code?: string }) => error.code,
      );
      expect(["taken", "unauthorized", "token-expired"]).toContain(told);
    }),
    { numRuns: 1_000 },
  );
});

describe("options that make no sense are refused at once (P12)", () => {
  test.each<[string, TokenVerifierOptions, RegExp]>([
    ["no key", {}, /none to be checked with; give one of/],
    ["two keys", { secret: SECRET, jwks: "https://id/jwks" }, /secret and jwks/],
    ["a short secret", { secret: "x".repeat(31) }, /has 31 bytes.*32/],
    ["a secret that is a public key", { secret: pem(RSA.publicKey) }, /PEM.*publicKey/],
    [
      "a private key",
      { publicKey: RSA.privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
      /BEGIN PUBLIC KEY/,
    ],
    ["a private JWK", { publicKey: EC.privateKey.export({ format: "jwk" }) }, /BEGIN PUBLIC KEY/],
    ["a secret as JWK", { publicKey: { kty: "oct", k: "AAAA" } }, /BEGIN PUBLIC KEY/],
    ["no URL", { jwks: "id/jwks" }, /http or https URL/],
    ["a URL of a file", { jwks: "file:///etc/passwd" }, /http or https URL/],
    ["a URL with a password", { jwks: "https://a:planted@id/jwks" }, /without user and password/],
    [
      "an algorithm of another key",
      { secret: SECRET, algorithms: ["RS256"] },
      /has "RS256"; with this key give some of HS256/,
    ],
    ["no algorithm", { secret: SECRET, algorithms: [] }, /is empty/],
    ["the algorithm none", { publicKey: pem(RSA.publicKey), algorithms: ["none" as "RS256"] }, /has "none"/],
    ["an empty audience", { secret: SECRET, audience: "" }, /audience/],
    [
      "a name that is mistyped",
      { secret: SECRET, isuer: "id" } as object,
      /no option of tokens "isuer"; known: .*issuer/,
    ],
    ["no issuers", { secret: SECRET, issuer: [] }, /issuer/],
    [
      "a tolerance of an hour",
      { secret: SECRET, clockToleranceMs: "1h" },
      /clockToleranceMs is 3600000; give 0 to 300000/,
    ],
    ["a tolerance below 0", { secret: SECRET, clockToleranceMs: -1 }, /clockToleranceMs/],
  ])("%s", (_, options, sentence) => {
    expect(codeOf(() => verifier(options))).toBe("bad-request");
    expect(() => verifier(options)).toThrow(sentence);
    expect(() => verifier(options)).not.toThrow(/planted/);
  });

  test.each<[string, TokenVerifierOptions, RegExp]>([
    [
      "RSA of 1,024 bits",
      { publicKey: pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey) },
      /1024 bits/,
    ],
    ["another curve", { publicKey: pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey) }, /is none for/],
    ["PEM of nothing", { publicKey: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" }, /is none for/],
    ["a key for another algorithm", { publicKey: { ...jwk(RSA.publicKey), alg: "RS512" } }, /is none for/],
    ["a key for none of the algorithms", { publicKey: pem(RSA.publicKey), algorithms: ["ES256"] }, /is none for ES256/],
  ])("%s, once the key is imported", async (_, options, sentence) => {
    const tokens = verifier(options);
    const { code, message } = await refusal(tokens.ready());
    expect(code).toBe("bad-request");
    expect(message).toMatch(sentence);
  });

  test("fewer algorithms than the key allows", async () => {
    const options: TokenVerifierOptions = { publicKey: pem(createPublicKey(ED.privateKey)), algorithms: ["Ed25519"] };
    await verify(signedBy(edwards(ED.privateKey), { alg: "Ed25519" }, {}), options);
    expect((await refusal(verify(signedBy(edwards(ED.privateKey), { alg: "EdDSA" }, {}), options))).message).toMatch(
      /algorithm/,
    );
  });
});
