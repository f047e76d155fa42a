import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type ApiKey, createApiKeys, createTokenAuth } from "../../../src/server/tokens/index.ts";
import { codeOf } from "../../protocol/support.ts";
import { refusal, SECRET, token } from "./support.ts";

const KEY = "k".repeat(31);
const keys = createApiKeys([
  { key: `${KEY}1` },
  { key: `${KEY}2`, user: "billing", channels: { "invoice/*": ["publish"] } },
]);

describe("an API key", () => {
  test("grants what its entry says (P9)", async () => {
    expect(await keys.find(`${KEY}1`)).toEqual({ claims: {} });
    const grant = await keys.find(`${KEY}2`);
    expect(grant?.user).toBe("billing");
    expect(grant?.channels?.allows("invoice/7", "publish")).toBe(true);
    expect(grant?.channels?.allows("invoice/7", "subscribe")).toBe(false);
  });

  test.each([
    "",
    KEY,
    `${KEY}3`,
    `${KEY}11`,
    `${KEY}1 `,
    ` ${KEY}1`,
    `${KEY}1\n`,
    `${KEY.toUpperCase()}1`,
    `${KEY}\uff11`,
  ])("is the very text: %j is none (P9)", async (text) => {
    expect(await keys.find(text)).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    ["a short key", [{ key: "x".repeat(31) }], /apiKeys\[0\] has a key that is not 32 to 256/],
    ["a long key", [{ key: "x".repeat(257) }], /32 to 256/],
    ["a key with a space", [{ key: `${KEY}1` }, { key: `${KEY} x` }], /apiKeys\[1\]/],
    ["a key that is a number", [{ key: 1 }], /apiKeys\[0\]/],
    ["an entry that is null", [null], /apiKeys\[0\]/],
    ["the same key twice", [{ key: `${KEY}1`, user: "a" }, { key: `${KEY}1` }], /apiKeys\[0\] has the same key/],
    ["a user with a line end", [{ key: `${KEY}1`, user: "a\nb" }], /apiKeys\[0\] has a user/],
    [
      "capabilities that are none",
      [{ key: `${KEY}1`, channels: { a: ["write"] } }],
      /apiKeys\[0\] is refused: .*unknown action/,
    ],
    ["a name that is mistyped", [{ key: `${KEY}1`, chanels: {} }], /apiKeys\[0\] .*beside key, user, channels/],
    ["no list", {}, /no list/],
    ["too many", Array.from({ length: 1_001 }, (_, n) => ({ key: KEY + n })), /at most 1000/],
  ])("refuses %s, and says where without saying it (P12)", (_, list, sentence) => {
    const create = () => createApiKeys(list as ApiKey[]);
    expect(codeOf(create)).toBe("bad-request");
    expect(create).toThrow(sentence);
    expect(create).not.toThrow(/kkkk|xxxx/);
  });
});

describe("tokens and API keys together", () => {
  const tokens = { secret: SECRET };
  const apiKeys = [{ key: `${KEY}1`, user: "server" }];

  test("both are taken (P9)", async () => {
    const grantOf = createTokenAuth({ tokens, apiKeys });
    expect((await grantOf(`${KEY}1`)).user).toBe("server");
    expect((await grantOf(token({ sub: "ana" }))).user).toBe("ana");
    expect((await refusal(grantOf(`${KEY}2`))).code).toBe("unauthorized");
  });

  test("or one of them alone", async () => {
    expect((await refusal(createTokenAuth({ tokens })(`${KEY}1`))).message).toMatch(/no signed JWT/);
    const told = await refusal(createTokenAuth({ apiKeys })(token({ sub: "ana" })));
    expect(told).toMatchObject({ code: "unauthorized", message: expect.stringMatching(/none of the API keys/) });
    expect(inspect(told)).not.toContain(token({ sub: "ana" }));
    expect(codeOf(() => createTokenAuth({}))).toBe("bad-request");
    expect(() => createTokenAuth({ tokens, apiKey: apiKeys } as object)).toThrow(
      /no option .*"apiKey"; known: tokens, apiKeys/,
    );
  });

  test("a text of megabytes is refused before it is hashed (P6)", async () => {
    const grantOf = createTokenAuth({ apiKeys });
    expect((await refusal(grantOf("x".repeat(10_000_000)))).code).toBe("unauthorized");
  });
});
