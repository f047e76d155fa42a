import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { createLogin } from "../server/login.ts";
import { keepSecret } from "../server/tokens.ts";

function openLogin(secret: Uint8Array = randomBytes(32)) {
  const login = createLogin(secret);
  const answer = login.at("/chat/login");
  const post = (body: string, url = "/chat/login") =>
    new Promise<{ readonly status: number; readonly text: string }>((resolve) => {
      let status = 404;
      const request = Object.assign(Readable.from([Buffer.from(body)]), { url, method: "POST" });
      const response = {
        writeHead(given: number) {
          status = given;
        },
        end: (text = "") => resolve({ status, text }),
      };
      if (!answer(request as unknown as IncomingMessage, response as unknown as ServerResponse)) response.end();
    });
  return {
    post,
    enter: async (asked: object) => JSON.parse((await post(JSON.stringify(asked))).text) as Record<string, string>,
    userOf: async (token: string | undefined) =>
      (await login.auth({ token, client: "c", remote: "127.0.0.1", header: () => undefined }))?.user,
  };
}

describe("the login", () => {
  test("gives everybody a user of his own, also two of one name, with a token that says so", async () => {
    const { enter, userOf } = openLogin();
    const [one, other] = [await enter({ name: " Ana  B " }), await enter({ name: "Ana B" })];
    expect(one.user).toMatch(/^Ana B#[0-9a-f]{4}$/);
    expect(other.user).not.toBe(one.user);
    expect(await userOf(one.token)).toBe(one.user);
  });

  test("keeps who somebody is while he shows his token and his name, and believes no other token", async () => {
    const { enter } = openLogin();
    const ana = await enter({ name: "Ana" });
    expect((await enter({ name: "Ana", token: ana.token })).user).toBe(ana.user);
    expect((await enter({ name: "Bo", token: ana.token })).user).toMatch(/^Bo#/);
    const forged = await openLogin().enter({ name: "Ana" });
    expect((await enter({ name: "Ana", token: forged.token })).user).not.toBe(forged.user);
  });

  test.each(["", "nothing"])("takes no %j, which is not JSON", async (body) => {
    const { post } = openLogin();
    expect(await post(body)).toMatchObject({ status: 400, text: expect.stringContaining("not JSON") });
  });

  test.each([
    "[]",
    "null",
    "{}",
    '{"name":" "}',
    '{"name":"a#b"}',
    '{"name":"a\\u0000"}',
    `{"name":"${"x".repeat(25)}"}`,
  ])("takes no %j for a name", async (body) => {
    const { post } = openLogin();
    const answer = await post(body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("1 to 24 characters")]);
  });

  test("reads no more than a name needs, and answers nothing else", async () => {
    const { post, userOf } = openLogin();
    expect((await post(`{"name":"Ana","token":"${"x".repeat(20_000)}"}`)).status).toBe(413);
    expect((await post("{}", "/chat/other")).status).toBe(404);
    expect(await userOf(undefined)).toBeUndefined();
  });

  test("has a secret that stays, for its owner alone", () => {
    const folder = mkdtempSync(join(tmpdir(), "login-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "new", "secret");
    const secret = keepSecret(file);
    expect(secret.length).toBe(32);
    expect(existsSync(file)).toBe(true);
    expect(keepSecret(file)).toEqual(secret);
  });
});
