import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { TokenVerifierOptions } from "../../../src/server/tokens/index.ts";
import { base64url, EC, ED, ecdsa, hmac, jwk, pem, RSA, refusal, SECRET, signedBy, token, verify } from "./support.ts";

describe("forgeries are unauthorized (P9)", () => {
  const claims = { sub: "admin", channels: { "**": ["*"] } };
  const good = token({ sub: "ana" });
  const [head = "", body = "", signature = ""] = good.split(".");
  const everyKey: TokenVerifierOptions[] = [
    { secret: SECRET },
    { publicKey: pem(RSA.publicKey) },
    { publicKey: pem(EC.publicKey) },
    { publicKey: jwk(ED.publicKey) },
  ];

  test.each([
    "none",
    "None",
    "NONE",
    "nOnE",
    "",
    " none",
    "none\u0000",
    "HS256 ",
    "hs256",
    null,
    0,
    ["HS256"],
    {},
    undefined,
  ])("alg %j, without a signature, with an empty and with some", async (alg) => {
    for (const options of everyKey) {
      for (const end of ["", ".", ".AA", `.${signature}`]) {
        const text = `${base64url({ alg, typ: "JWT" })}.${base64url(claims)}${end}`;
        expect((await refusal(verify(text, options))).code).toBe("unauthorized");
      }
    }
  });

  test("the public key taken for a secret, in every form of it", async () => {
    for (const key of [RSA.publicKey, EC.publicKey, ED.publicKey]) {
      const der = key.export({ type: "spki", format: "der" });
      const forms = [
        pem(key),
        pem(key).trim(),
        der,
        der.toString("base64"),
        JSON.stringify(jwk(key)),
        jwk(key).n,
        jwk(key).x,
      ];
      for (const form of forms.filter((one) => one !== undefined)) {
        const text = signedBy(hmac(form), { alg: "HS256" }, claims);
        for (const publicKey of [pem(key), jwk(key)]) {
          const { code, message } = await refusal(verify(text, { publicKey }));
          expect({ code, message }).toMatchObject({
            code: "unauthorized",
            message: expect.stringMatching(/algorithm/),
          });
        }
      }
    }
  });

  test.each(["HS384", "HS512", "RS384", "PS256", "ES384", "ES512", "dir", "A128KW", "ML-DSA-44"])(
    "alg %s",
    async (alg) => {
      for (const options of everyKey) {
        expect((await refusal(verify(signedBy(hmac(SECRET, "sha512"), { alg }, claims), options))).code).toBe(
          "unauthorized",
        );
      }
    },
  );

  test("a key of its own in the head: jwk, jku, x5u and x5c change nothing", async () => {
    const own = { jwk: jwk(EC.publicKey), jku: "http://127.0.0.1:9/keys", x5u: "http://127.0.0.1:9/cert", x5c: ["AA"] };
    const text = signedBy(ecdsa(EC.privateKey), { alg: "ES256", ...own }, claims);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
    expect((await refusal(verify(text, { publicKey: pem(other) }))).message).toMatch(/signature/);
    expect((await verify(text, { publicKey: pem(EC.publicKey) })).user).toBe("admin"); // the rest of it was good
  });

  test.each(["../../../../dev/null", "' OR 1=1 --", "a\r\nx: y", "\u0000", "k".repeat(256), "__proto__", ""])(
    "a kid like %j is no more than a name",
    async (kid) => {
      expect((await verify(token({}, { alg: "HS256", kid }))).claims).toEqual({});
      const forged = signedBy(hmac(""), { alg: "HS256", kid }, claims);
      expect((await refusal(verify(forged))).message).toMatch(/signature/);
    },
  );

  test.each([["k".repeat(257)], [7], [null], [["a"]], [{}]])("a kid that is none: %j (P6)", async (kid) => {
    expect((await refusal(verify(token({}, { alg: "HS256", kid })))).message).toMatch(/kid .* 256/);
  });

  test("extensions that must be understood and are not (crit), and payloads that are not encoded (b64)", async () => {
    const heads = [
      { crit: ["exp"], exp: 1 },
      { crit: ["http://example/x"], "http://example/x": true },
      { crit: [] },
      { crit: ["b64"], b64: false },
      { crit: "b64" },
    ];
    for (const more of heads) {
      expect((await refusal(verify(token(claims, { alg: "HS256", ...more })))).code).toBe("unauthorized");
    }
  });

  test("an encrypted token, a token in a token, a JSON serialisation", async () => {
    const jwe = [base64url({ alg: "dir", enc: "A256GCM" }), "", "AAAA", "AAAA", "AAAA"].join(".");
    const json = JSON.stringify({ protected: head, payload: body, signature });
    for (const text of [jwe, `${good}.${good}`, json, token(good)]) {
      expect((await refusal(verify(text))).code).toBe("unauthorized");
    }
  });

  test("another secret, a changed bit anywhere, a part that is another token's", async () => {
    expect((await refusal(verify(signedBy(hmac("x".repeat(32)), { alg: "HS256" }, claims)))).message).toMatch(
      /signature/,
    );
    const swapped = `${head}.${base64url(claims)}.${signature}`;
    expect((await refusal(verify(swapped))).message).toMatch(/signature/);
    for (let at = 0; at < good.length - 1; at++) {
      const changed = good[at] === "A" ? "B" : "A"; // of the last character some bits mean nothing
      expect((await refusal(verify(good.slice(0, at) + changed + good.slice(at + 1)))).code).toBe("unauthorized");
    }
  });

  test("spellings of a good one: white space, padding, other alphabets, look-alikes", async () => {
    const full = String.fromCharCode((good.codePointAt(0) ?? 0) + 0xfee0) + good.slice(1);
    const others = [
      ` ${good}`,
      `${good}\n`,
      `${good} `,
      good.replace(".", " ."),
      `${good}=`,
      `${good}%3D`,
      `${good}\u0000`,
      full,
    ];
    for (const text of [
      ...others,
      good.replaceAll(".", "\u3002"),
      `Bearer ${good}`,
      `"${good}"`,
      "",
      "...",
      ".",
      good.slice(1),
    ]) {
      expect((await refusal(verify(text))).code).toBe("unauthorized");
    }
  });

  test("heads and claims that are no JSON objects", async () => {
    const parts = [
      "",
      "null",
      "[]",
      "1",
      '"a"',
      "{",
      "{}}",
      "nope",
      Buffer.from([0xc0, 0x80]),
      Buffer.from([0x7b, 0xff, 0x7d]),
    ];
    for (const part of parts) {
      expect((await refusal(verify(signedBy(hmac(), part, claims)))).code).toBe("unauthorized");
      expect((await refusal(verify(token(part)))).code).toBe("unauthorized");
    }
  });

  test("over 8 KiB, before anything of it is read (P6)", async () => {
    const pad = (length: number) => token({ pad: "x".repeat(length) });
    await verify(pad(6_000));
    expect((await refusal(verify(pad(6_200)))).message).toMatch(/characters and at most 8192/);
    expect((await refusal(verify("x".repeat(50_000_000)))).message).toMatch(/50000000 characters/);
  });
});
