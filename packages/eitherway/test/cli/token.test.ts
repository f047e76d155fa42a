import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readArguments } from "../../src/cli/flags.ts";
import { API_KEY_FLAGS, readTokenOptions, TOKEN_FLAGS } from "../../src/cli/token/token-options.ts";
import { createTokenAuth, createTokenVerifier } from "../../src/server/tokens/index.ts";
import { hmac, signedBy } from "../server/tokens/support.ts";
import { runToEnd } from "./support.ts";

const SECRET = "planted-secret-of-thirty-two-bytes";
const env = { EITHERWAY_JWT_SECRET: SECRET };
const now = (): number => Math.floor(Date.now() / 1_000);

let folder: string;
const keys = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ec: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ed: generateKeyPairSync("ed25519"),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eitherway-token-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const privatePem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
const publicPem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();

async function mint(argv: readonly string[]): Promise<string> {
  const { code, out, err } = await runToEnd(["token", ...argv], { env });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out.trim();
}

describe("token", () => {
  test("makes one that a server with the same settings takes (P9)", async () => {
    const channels = '{"room/*":["subscribe","publish"]}';
    const argv = [
      "--user",
      "ana",
      "--channels",
      channels,
      "--expires",
      "10m",
      "--jwt-audience",
      "chat",
      "--jwt-issuer",
      "me",
    ];
    const before = now();
    const token = await mint(argv);
    const verifier = createTokenVerifier({ secret: SECRET, audience: "chat", issuer: "me" });
    const grant = await verifier.verify(token);
    expect(grant.user).toBe("ana");
    expect(grant.tokenId).toMatch(/^[0-9a-f-]{36}$/);
    expect(grant.channels?.allows("room/1", "publish")).toBe(true);
    expect(Number(grant.claims.exp) - Number(grant.claims.iat)).toBe(600);
    expect(grant.claims.iat).toBeGreaterThanOrEqual(before);
    expect(await mint(argv)).not.toBe(token); // each has an id of its own, to be revoked by
  });

  test.each(["rsa", "ec", "ed"] as const)(
    "signs with a private key of kind %s, as PEM or as JWK (P9)",
    async (kind) => {
      const { privateKey, publicKey } = keys[kind];
      const pem = await file(`${kind}.pem`, privatePem(privateKey));
      const jwk = await file(`${kind}.json`, { ...privateKey.export({ format: "jwk" }), kid: "k1" });
      for (const [at, path] of [pem, jwk].entries()) {
        const { code, out } = await runToEnd(["token", "--user", "ana", "--jwt-private-key", path]);
        expect(code).toBe(0);
        expect((await createTokenVerifier({ publicKey: publicPem(publicKey) }).verify(out.trim())).user).toBe("ana");
        const header = JSON.parse(Buffer.from(out.split(".")[0] ?? "", "base64url").toString());
        expect(header.kid).toBe(at === 0 ? undefined : "k1");
      }
    },
  );

  test("reads channels from a file", async () => {
    const path = await file("channels.json", { "news/**": ["*"] });
    const { channels } = await createTokenVerifier({ secret: SECRET }).verify(await mint(["--channels", `@${path}`]));
    expect(channels?.allows("news/a/b", "call")).toBe(true);
  });

  test.each<[string, string[], RegExp]>([
    ["a short secret", ["--jwt-secret", "planted"], /has 7 bytes/],
    ["channels that are no JSON", ["--channels", "room"], /--channels is not JSON/],
    ["channels with an unknown action", ["--channels", '{"a":["write"]}'], /unknown action; known: subscribe/],
    ["a file that is not there", ["--channels", "@/no/such"], /--channels cannot be read: ENOENT/],
    ["a user that is none", ["--user", ""], /claim sub/],
    ["no time", ["--expires", "0"], /--expires is "0"/],
    ["a time that is none", ["--expires", "soon"], /--expires is "soon"/],
    ["two issuers", ["--jwt-issuer", "a", "--jwt-issuer", "b"], /one issuer/],
    ["two keys", ["--jwt-private-key", "x"], /not both/],
    ["something without a flag", [SECRET], /takes flags only/],
  ])("refuses %s with a sentence and code 2, and makes nothing (P12)", async (_, argv, sentence) => {
    const { code, out, err } = await runToEnd(["token", ...argv], { env });
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
    expect(err).toMatch(/^[^\n]+\.\n$/);
    expect(err).not.toContain("planted");
  });

  test("says what to give where there is nothing to sign with, and what is wrong with a key", async () => {
    expect((await runToEnd(["token"])).err).toMatch(/nothing to sign with.*EITHERWAY_JWT_SECRET/);
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    const files: [string, string, RegExp][] = [
      ["public.pem", publicPem(keys.rsa.publicKey), /no private key/],
      ["broken.json", '{"kty":"EC","d":"planted"', /no private key/],
      ["weak.pem", privatePem(weak), /1024 bits/],
      ["other.pem", privatePem(other), /of a kind that no server takes/],
    ];
    for (const [name, content, sentence] of files) {
      const { code, out, err } = await runToEnd(["token", "--jwt-private-key", await file(name, content)]);
      expect({ code, out, err }).toEqual({ code: 2, out: "", err: expect.stringMatching(sentence) });
      expect(err).not.toContain("planted");
    }
  });
});

describe("token --explain", () => {
  const sign = (claims: object, header: object = { alg: "HS256" }) => signedBy(hmac(SECRET), header, claims);

  async function explain(token: string, argv: readonly string[] = [], withKey = true) {
    return runToEnd(["token", "--explain", "-", ...argv], { stdin: `${token}\n`, env: withKey ? env : {} });
  }

  test("says what a good one is and allows", async () => {
    const channels = '{"room/*":["subscribe","publish"],"news/**":["*"],"old":[]}';
    const { code, out, err } = await explain(await mint(["--user", "ana", "--channels", channels]));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^Header +\{"alg":"HS256","typ":"JWT"\}$/m);
    expect(out).toMatch(/^User +ana$/m);
    expect(out).toMatch(/^Expires +20[0-9-]+T[0-9:.]+Z, in (?:1 hour|60 minutes)$/m);
    expect(out).toMatch(/^Channels +room\/\*: subscribe, publish\n +news\/\*\*: everything\n +old: nothing$/m);
    expect(out).toMatch(/^The token is good: /m);
    expect(out).not.toContain(SECRET);
  });

  test("of the command line, with its other claims, for several audiences", async () => {
    const token = sign({ sub: "ana", aud: ["a", "b"], role: "x", exp: now() + 90_000 });
    const { code, out } = await runToEnd(["token", "--explain", token, "--jwt-audience", "b"], { env });
    expect(code).toBe(0);
    expect(out).toMatch(/^Audience +a, b$/m);
    expect(out).toMatch(/^Other +\{"role":"x"\}$/m);
    expect(out).toMatch(/^Expires .* in 1 day$/m);
  });

  test.each<[string, () => string, string[], RegExp]>([
    ["expired", () => sign({ exp: now() - 7_200 }), [], /2 hours ago[\s\S]*Refused \(token-expired\)/],
    ["not valid yet", () => sign({ nbf: now() + 600 }), [], /Not before .* in 10 minutes[\s\S]*not valid yet/],
    [
      "signed by another",
      () => signedBy(hmac("x".repeat(32)), { alg: "HS256" }, {}),
      [],
      /Refused \(unauthorized\): .*signature/,
    ],
    ["for another audience", () => sign({ aud: "feed" }), ["--jwt-audience", "chat"], /another audience/],
    [
      "without a signature",
      () => `${sign({}, { alg: "none" }).split(".").slice(0, 2).join(".")}.`,
      [],
      /no signed JWT/,
    ],
    ["with channels that are none", () => sign({ channels: { a: ["write"] } }), [], /unknown action/],
    ["no token", () => "hello", [], /no signed JWT/],
    ["with a time that is none", () => sign({ exp: 1e300 }), [], /which is no time/],
  ])("tells what is wrong with one that is %s, and ends with code 1", async (_, token, argv, sentence) => {
    const { code, out } = await explain(token(), argv);
    expect(out).toMatch(sentence);
    expect(code).toBe(1);
  });

  test("tells without a key what can be told, and that the signature was not checked", async () => {
    const good = await explain(sign({ exp: now() + 60 }), [], false);
    expect(good).toMatchObject({ code: 0, out: expect.stringMatching(/signature was not checked: give --jwt-secret/) });
    for (const [token, sentence] of [
      [sign({ exp: now() - 60 }), /Refused \(token-expired\)/],
      [sign({ nbf: now() + 60 }), /not valid yet/],
      [sign({}, { alg: "none" }), /no algorithm that is taken/],
      [sign({ channels: [] }), /claim channels cannot be used/],
      ["a.b.c", /no signed JWT/],
    ] as const) {
      expect(await explain(token, [], false)).toMatchObject({ code: 1, out: expect.stringMatching(sentence) });
    }
  });

  test("says why the keys of an issuer cannot be had, which servers tell their log only", async () => {
    const token = signedBy(hmac(SECRET), { alg: "ES256" }, {});
    const { code, out } = await explain(token, ["--jwks", "http://127.0.0.1:1/keys"], false);
    expect(code).toBe(1);
    expect(out).toMatch(/Refused \(unavailable\): .*http:\/\/127\.0\.0\.1:1\/keys cannot be had/);
  });

  test("notes what is seldom meant: no end, and a * that is a character", async () => {
    const { out } = await explain(sign({ channels: { "room-*": ["*"] } }));
    expect(out).toMatch(/^Note: it never expires/m);
    expect(out).toMatch(/^Note: .* in room-\* it is a character\.$/m);
  });

  test("does not let a token steer the terminal, nor add lines of its own", async () => {
    const { out } = await explain(sign({ iss: "a\u001b[31m\nExpires never", jti: "\u009b2J" }));
    expect(out).toMatch(/^Issuer +"a\\u001b\[31m\\nExpires never"$/m);
    for (const control of ["\u001b", "\u009b"]) expect(out).not.toContain(control);
  });

  test("wants one on standard input where it is told so", async () => {
    const { code, err } = await runToEnd(["token", "--explain", "-"], { stdin: "\n\n" });
    expect({ code, err }).toEqual({ code: 2, err: "Standard input is empty; pipe a token in.\n" });
    expect((await runToEnd(["token", "--explain", "-"], { terminal: true })).err).toMatch(/pipe one in/);
  });
});

describe("the settings of a server that asks who somebody is", () => {
  const read = (argv: readonly string[], environment: Record<string, string> = {}) =>
    readTokenOptions(readArguments("serve", { ...TOKEN_FLAGS, ...API_KEY_FLAGS }, argv, environment).flags);

  test("are none by default, and come from flags, files and the environment", async () => {
    expect(await read([])).toBeUndefined();
    expect(await read([], { ...env, EITHERWAY_JWT_AUDIENCE: "a, b", EITHERWAY_JWT_ISSUER: "me" })).toEqual({
      tokens: { secret: SECRET, audience: ["a", "b"], issuer: ["me"] },
    });
    expect(await read(["--jwks", "https://id.example/keys"])).toEqual({ tokens: { jwks: "https://id.example/keys" } });
    const jwk = keys.ec.publicKey.export({ format: "jwk" });
    expect(await read(["--jwt-public-key", await file("public.jwk", jwk)])).toEqual({ tokens: { publicKey: jwk } });
  });

  test("take the tokens and the keys that they name (P9)", async () => {
    const apiKeys = [{ key: "k".repeat(32), user: "server", channels: { "**": ["publish"] } }];
    const path = await file("keys.json", apiKeys);
    const pem = await file("public.pem", publicPem(keys.ed.publicKey));
    const options = await read(["--api-keys", path, "--jwt-public-key", pem]);
    const grantOf = createTokenAuth(options ?? {});
    expect((await grantOf("k".repeat(32))).user).toBe("server");
    const signer = await file("ed-private.pem", privatePem(keys.ed.privateKey));
    const { out } = await runToEnd(["token", "--user", "ana", "--jwt-private-key", signer]);
    expect((await grantOf(out.trim())).user).toBe("ana");
  });

  test.each<[string, () => Promise<string[]>, RegExp]>([
    ["an audience, and no key", async () => ["--jwt-audience", "chat"], /--jwt-audience .* no key/],
    ["an issuer, and no key", async () => ["--jwt-issuer", "https://id"], /--jwt-issuer .* no key/],
    ["two ways", async () => ["--jwks", "https://id", "--jwt-secret", SECRET], /one of --jwt-secret, --jwks/],
    ["a short secret", async () => ["--jwt-secret", "planted"], /has 7 bytes/],
    ["no URL", async () => ["--jwks", "planted"], /http or https URL/],
    ["no file", async () => ["--jwt-public-key", "/no/such"], /--jwt-public-key cannot be read: ENOENT/],
    [
      "a private key",
      async () => ["--jwt-public-key", await file("p1", privatePem(keys.ec.privateKey))],
      /BEGIN PUBLIC KEY/,
    ],
    [
      "a broken key",
      async () => ["--jwt-public-key", await file("p2", publicPem(keys.ec.publicKey).replace("M", "N"))],
      /is none for/,
    ],
    [
      "a JWK that is no JSON",
      async () => ["--jwt-public-key", await file("p3", '{"planted')],
      /--jwt-public-key is not JSON/,
    ],
    [
      "API keys that are no JSON",
      async () => ["--api-keys", await file("k1", '[{"key":"planted"')],
      /--api-keys is not JSON/,
    ],
    ["a short API key", async () => ["--api-keys", await file("k2", [{ key: "planted" }])], /apiKeys\[0\] has a key/],
  ])("are refused before anything starts: %s (P12)", async (_, argv, sentence) => {
    const told = await read(await argv()).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(told).toMatchObject({ name: "UsageError", message: expect.stringMatching(sentence) });
    expect((told as Error).message).not.toContain("planted");
  });
});
