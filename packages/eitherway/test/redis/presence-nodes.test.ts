/** Presence over several nodes, one of which dies. */
import { expect, onTestFinished, test } from "vitest";
import { type Client, createClient } from "../../src/client/index.node.ts";
import { presence } from "../../src/client/presence.ts";
import { type Broker, DEFAULT_PRESENCE_LEASE_MS } from "../../src/core/index.ts";
import { presenceLog } from "../../src/protocol/index.ts";
import { eventually, startRedis } from "../support/redis/redis-server.ts";
import { newPrefix, startBroker } from "./broker-support.ts";
import { openFrontDoor } from "./front-door.ts";
import { startNode } from "./node-process.ts";

const CHANNEL = "room/42";
const LOG = presenceLog(CHANNEL);
/** Of each kind: those whose node is not killed, those whose is and who return elsewhere, and those who do not. */
const MEMBERS = 100;
const SLACK_MS = 1_000;
const ALL = { messages: 10_000, bytes: 10_000_000 };
const TIME_LIMIT_MS = 90_000;

test("of a killed node's members 100 return elsewhere and never leave, 100 do not and leave once each within lease + 1 s; 100 more notice nothing (P8)", {
  timeout: TIME_LIMIT_MS,
}, async () => {
  const redis = await startRedis();
  const shared = { url: redis.url, prefix: newPrefix() };
  const [doomed, second, third] = await Promise.all([startNode(shared), startNode(shared), startNode(shared)]);
  const door = await openFrontDoor((connection) =>
    connection % 2 === 0 ? [doomed.port, second.port, third.port] : [doomed.port, third.port, second.port],
  );
  const { broker } = startBroker(redis.url, { options: { prefix: shared.prefix } });

  await enterAll("stays", [second.url, third.url]);
  await enterAll("returns", [door.url, door.url]);
  await enterAll("goes", [doomed.url, doomed.url]);
  await eventually(async () => (await told(broker, "join")).length === 3 * MEMBERS);

  const killedAt = Date.now();
  await doomed.kill();
  await eventually(async () => (await told(broker, "leave")).length >= MEMBERS);
  const leaves = await told(broker, "leave");
  const lastAt = Math.max(...leaves.map(({ at }) => at));
  expect(lastAt - killedAt).toBeLessThanOrEqual(DEFAULT_PRESENCE_LEASE_MS + SLACK_MS);

  // One more lease: whoever was held by nobody but the dead would leave by then.
  await eventually(async () => Date.now() - lastAt > DEFAULT_PRESENCE_LEASE_MS);
  const gone = (await told(broker, "leave")).map(({ member }) => member);
  expect(gone.sort()).toEqual(namesOf("goes").sort());
  expect(await told(broker, "join")).toHaveLength(3 * MEMBERS);
  expect((await broker.presence?.list(CHANNEL))?.members).toHaveLength(2 * MEMBERS);
});

/** Two tabs of each member, over an URL each, and all of them present. */
async function enterAll(kind: string, urls: readonly string[]): Promise<void> {
  const tabs = namesOf(kind).flatMap((token) =>
    urls.map((url) => createClient({ url, token, transport: "websocket" })),
  );
  onTestFinished(() => closeAll(tabs));
  await Promise.all(tabs.map((tab) => presence(tab, CHANNEL).set({ kind })));
}

async function closeAll(tabs: readonly Client[]): Promise<void> {
  await Promise.all(tabs.map((tab) => tab.close()));
}

function namesOf(kind: string): string[] {
  return Array.from({ length: MEMBERS }, (_, n) => `${kind}-${n}`);
}

interface Told {
  readonly member: string;
  readonly at: number;
}

async function told(broker: Broker, asked: "join" | "leave"): Promise<Told[]> {
  const page = await broker.read(LOG, "start", ALL);
  const messages = page.kind === "messages" ? page.messages : [];
  return messages.flatMap(({ event, payload, at }) => {
    if (event !== asked) return [];
    const { member } = JSON.parse(String(payload.data)) as { member: string };
    return [{ member, at }];
  });
}
