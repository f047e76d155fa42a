/** The ACL of docs/scaling.md is enough for everything that the broker does, and is not all there is. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { textPayload } from "../../src/protocol/index.ts";
import { startRedisCluster } from "../support/redis/redis-cluster.ts";
import { eventually, startRedis } from "../support/redis/redis-server.ts";
import { startBroker } from "./broker-support.ts";

const SECRET = "secret-of-a-test";
const ALL = { messages: 10, bytes: 1_000 };

async function aclOfDocs(): Promise<readonly string[]> {
  const text = await readFile(new URL("../../../../docs/scaling.md", import.meta.url), "utf8");
  const [line] = /^ACL SETUSER eitherway .*$/m.exec(text) ?? [];
  return (line ?? "").replace(">secret", `>${SECRET}`).split(" ");
}

test("the ACL of the docs is enough, and lets nobody near other keys (P4, P12)", async () => {
  const redis = await startRedis();
  await redis.command(...(await aclOfDocs()));
  const { broker, logged } = startBroker(`redis://eitherway:${SECRET}@127.0.0.1:${redis.port}`, {
    options: { prefix: "ew:" },
  });
  await useAll(broker);
  expect(logged).toEqual([]);
  const elsewhere = startBroker(`redis://eitherway:${SECRET}@127.0.0.1:${redis.port}`, { options: { prefix: "app:" } });
  const [refused] = await elsewhere.broker.publish("a", [{ event: "e", payload: textPayload("a") }]);
  expect(refused).toMatchObject({ ok: false, error: { code: "unavailable", message: expect.stringContaining("ACL") } });
  expect(elsewhere.logged).toContainEqual(expect.stringMatching(/^redis failed .*NOPERM/));
});

test("it is enough on a Cluster as well (P4)", async () => {
  const cluster = await startRedisCluster();
  for (const server of cluster.servers) await server.command(...(await aclOfDocs()));
  const hosts = cluster.servers.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const { broker, logged } = startBroker(`redis+cluster://eitherway:${SECRET}@${hosts}`, {
    options: { prefix: "ew:" },
  });
  await useAll(broker);
  expect(logged).toEqual([]);
});

async function useAll(broker: ReturnType<typeof startBroker>["broker"]): Promise<void> {
  const heard: unknown[] = [];
  const stop = await broker.watch("a", ({ messages }) => heard.push(...messages));
  const key = { kind: "foreign", user: "u", key: "k" } as const;
  const [receipt] = await broker.publish("a", [{ event: "e", payload: textPayload("a"), key, collapse: "c" }]);
  expect(receipt).toMatchObject({ ok: true });
  await broker.announce("a", [{ event: "e", payload: textPayload("b") }]);
  await eventually(async () => heard.length >= 2);
  expect((await broker.read("a", "start", ALL)).kind).toBe("messages");
  expect((await broker.readBefore("a", undefined, ALL))?.messages).toHaveLength(1);
  expect(await broker.claim("s", "k", { print: 1, leaseMs: 1_000, repeatable: false })).toEqual({ state: "new" });
  await broker.settle("s", "k", { ok: true, answer: undefined });
  await broker.presence?.touch("a", { member: "u", holder: "h", state: "{}" }, 10_000);
  await broker.presence?.renew(["h"], 10_000);
  expect((await broker.presence?.list("a"))?.members).toHaveLength(1);
  await broker.presence?.leave("a", { member: "u", holder: "h" });
  const hold = await broker.streams?.open("@stream/a/s", 10_000);
  if (!hold) throw new Error("there are streams");
  await broker.streams?.append(hold, textPayload("piece"));
  await broker.streams?.finish(hold);
  stop();
}
