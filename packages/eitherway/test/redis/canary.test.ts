/** A node that hears nothing of Redis any more, though its commands are answered (P11). */
import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { eitherway, type NodeEitherway } from "../../src/node/index.ts";
import { redis } from "../../src/redis/index.ts";
import { collect } from "../../src/testing/collected.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { eventually, startRedis } from "../support/redis/redis-server.ts";
import { subscriberConnections } from "../support/redis/subscriber-connections.ts";
import { witnessed } from "../support/witness.ts";
import { newPrefix } from "./broker-support.ts";

const CHANNEL = "room/42";
/** After its last sign of life the way counts as broken. */
const BROKEN_MS = 5_000;
/** For the question itself, on a busy machine. */
const TOLERANCE_MS = 1_500;

const named = (what: string): string[] => Array.from({ length: 20 }, (_, n) => `${what} ${n}`);

function createNode(url: string, prefix: string): NodeEitherway {
  const ew = eitherway({ broker: redis(url, { prefix }), logger: witnessed() });
  onTestFinished(() => ew.close());
  return ew;
}

test("a proxy that holds only what is subscribed to makes /readyz red within 5 s and green again after; meanwhile late rereads lose nothing (P2, P11)", async () => {
  const server = await startRedis();
  const network = await createFaultNetwork({ target: server.port });
  onTestFinished(network.close);
  const prefix = newPrefix();
  const node = createNode(`redis://127.0.0.1:${network.port}`, prefix);
  const { url } = await node.listen({ port: 0 });
  const other = createNode(server.url, prefix);
  const heard = (["websocket", "sse"] as const).map((transport) => {
    const client = createClient({ url, transport });
    onTestFinished(() => client.close());
    return collect(client.channel(CHANNEL, { from: "start" }));
  });
  const published: string[] = [];

  async function publish(texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      await other.publish(CHANNEL, text);
      published.push(text);
    }
  }
  const all = () => Promise.all(heard.map((one) => one.messages(published.length)));
  const readiness = async () => {
    const answer = await fetch(new URL("/readyz", url));
    return { status: answer.status, text: await answer.text() };
  };
  const becomes = (status: number) => eventually(async () => (await readiness()).status === status);

  for (const one of heard) await one.live();
  await publish(named("before"));
  await all();
  await becomes(200);

  network.set({ kind: "blackhole" }); // nor does it get another one
  for (const connection of await subscriberConnections(network, server)) connection.set({ kind: "half-open" });
  const heldAt = performance.now();
  await publish(named("held"));
  await becomes(503);
  expect(performance.now() - heldAt).toBeLessThan(BROKEN_MS + TOLERANCE_MS);
  expect((await readiness()).text).toMatch(/"broken":\[\{"part":"delivery"/);
  await all();
  await publish(named("red"));
  await all();
  expect((await readiness()).status, "all came by rereading").toBe(503);

  network.set({ kind: "none" });
  await becomes(200);
  await publish(named("after"));
  for (const data of await all()) expect(data).toEqual(published);
  expect(heard.map(({ gaps }) => gaps)).toEqual([[], []]);
}, 60_000);
