import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createLogin, keepSecret } from "../server/login.ts";

async function startLogin(secret: Uint8Array = randomBytes(32)) {
  const login = createLogin(secret);
  const answer = login.at("/chat/login");
  const server = createServer((request, response) => {
    if (!answer(request, response)) response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const post = (body: string, path = "/chat/login") =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body });
  return {
    post,
    enter: async (asked: object) => (await post(JSON.stringify(asked))).json() as Promise<Record<string, string>>,
    userOf: async (token: string | undefined) =>
      (await login.auth({ token, client: "c", remote: undefined, header: () => undefined }))?.user,
  };
}

describe("the login", () => {
  test("gives everybody a user of his own, also two of one name, with a token that says so", async () => {
    const { enter, userOf } = await startLogin();
    const [one, other] = [await enter({ name: " Ana  B " }), await enter({ name: "Ana B" })];
    expect(one.user).toMatch(/^Ana B#[0-9a-f]{4}$/);
    expect(other.user).not.toBe(one.user);
    expect(await userOf(one.token)).toBe(one.user);
  });

  test("keeps who somebody is while he shows his token and his name, and believes no other token", async () => {
    const { enter } = await startLogin();
    const ana = await enter({ name: "Ana" });
    expect((await enter({ name: "Ana", token: ana.token })).user).toBe(ana.user);
    expect((await enter({ name: "Bo", token: ana.token })).user).toMatch(/^Bo#/);
    const forged = await (await startLogin()).enter({ name: "Ana" });
    expect((await enter({ name: "Ana", token: forged.token })).user).not.toBe(forged.user);
  });

  test.each([
    "",
    "nothing",
    "[]",
    "{}",
    '{"name":" "}',
    '{"name":"a#b"}',
    '{"name":"a\\u0000"}',
    `{"name":"${"x".repeat(25)}"}`,
  ])("takes no %j for a name", async (body) => {
    const { post } = await startLogin();
    const answer = await post(body);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("1 to 24 characters")]);
  });

  test("reads no more than a name needs, and answers nothing else", async () => {
    const { post, userOf } = await startLogin();
    expect((await post(`{"name":"Ana","token":"${"x".repeat(9_000)}"}`)).status).toBe(400);
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
