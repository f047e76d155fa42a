/** Three nodes over one Redis behind the proxies of `deploy/`, round-robin. */
import { connect as connectHttp2 } from "node:http2";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { newPrefix } from "../redis/broker-support.ts";
import { type RunningNode, startNode } from "../redis/node-process.ts";
import { eventually, startRedis } from "../support/redis/redis-server.ts";
import { startCrowd } from "./crowd.ts";
import { type ProxyName, startProxy } from "./proxies.ts";

const CROWD = { channels: 2, perChannel: { "websocket json": 1, "websocket binary": 1, sse: 1, poll: 1 } };
const PUBLISHING = { seed: 7, each: 4, spreadMs: 500 };

beforeEach(() => vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0")); // the certificate is the test's own
afterEach(() => vi.unstubAllEnvs());

describe.each<ProxyName>(["nginx", "haproxy"])("behind %s as deploy/ has it", (name) => {
  test("three nodes, clients over every transport: what one publishes all get, whichever node they are on (P1, P2)", async () => {
    const { url, nodes } = await startSystem(name);
    const crowd = await startCrowd({ url, ...CROWD });
    await crowd.publish(PUBLISHING);
    await crowd.publishLast();
    await crowd.ended();
    expect(crowd.books.account()).toMatchObject({ findings: [], mostGaps: 0 });
    const counts = await Promise.all(nodes.map(({ links }) => links()));
    expect(counts.filter((count) => count > 0).length, `links of the nodes: ${counts}`).toBe(3);
  });

  test("a stream over HTTP/2 is handed on as it comes (P1)", async () => {
    const { url } = await startSystem(name);
    const session = connectHttp2(new URL(url).origin, { rejectUnauthorized: false });
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/eitherway/events?channel=h2", authorization: "Bearer ana" });
    let text = "";
    stream.on("data", (part: Buffer) => {
      text += part.toString();
    });
    const writer = createClient({ url, token: "ana", transport: "websocket" });
    onTestFinished(() => writer.close());
    await eventually(async () => text.length > 0);
    for (let n = 0; n < 5; n++) {
      await writer.channel("h2").publish(`message ${n}`);
      await eventually(async () => text.includes(`message ${n}`)); // before the next one is sent
    }
  });
});

interface System {
  readonly url: string;
  readonly nodes: readonly RunningNode[];
}

async function startSystem(proxy: ProxyName): Promise<System> {
  const redis = await startRedis({ durable: true });
  const settings = { url: redis.url, prefix: newPrefix() };
  const nodes = await Promise.all([startNode(settings), startNode(settings), startNode(settings)]);
  const { url } = await startProxy(
    proxy,
    nodes.map(({ port }) => port),
  );
  return { url, nodes };
}
