/** `eitherway serve --redis`: servers of one Redis are one system. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { runToEnd, startCli } from "../cli/support.ts";
import { startRedis } from "../support/redis/redis-server.ts";

const URL_LINE = /is at (https?:\/\/\S+?:[0-9]+\/\S+)/;

async function serve(redis: string): Promise<string> {
  const running = startCli(["serve", "--port", "0", "--redis", redis]);
  const [, url = ""] = await running.prints(URL_LINE);
  return url;
}

test("what one server is told, subscribers of another one hear, and each reads the history of both (P1, P3)", async () => {
  const redis = await startRedis();
  const [one, other] = [await serve(redis.url), await serve(redis.url)];
  const client = createClient({ url: one });
  const heard: unknown[] = [];
  const channel = client.channel("room/42");
  const live = new Promise<void>((resolve) => channel.on("live", () => resolve()));
  const came = new Promise<void>((resolve) =>
    channel.on("message", (message) => {
      if (heard.push(message) === 2) resolve();
    }),
  );
  await live;
  for (const text of ["a", "b"]) {
    const answer = await fetch(`${other}/channels/room/42`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": randomUUID() },
      body: JSON.stringify({ text }),
    });
    expect(answer.status).toBe(201);
  }
  await came;
  expect(heard).toEqual([{ text: "a" }, { text: "b" }]);
  const [page, same] = await Promise.all(
    [one, other].map(async (url) => (await fetch(`${url}/channels/room/42`)).text()),
  );
  expect(page).toContain('"text":"b"');
  expect(same).toBe(page);
  await client.close();
});

test("a URL of Redis that cannot be is told with exit code 2, and never repeated (P12)", async () => {
  const { code, err } = await runToEnd(["serve", "--redis", "redis://ana:hunter2@a,b"]);
  expect(code).toBe(2);
  expect(err).toMatch(/several hosts/);
  expect(err).not.toContain("hunter2");
});
