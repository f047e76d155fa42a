import cluster from "node:cluster";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Client, createClient } from "../../src/client/index.node.ts";
import { collect } from "../../src/testing/collected.ts";
import { assertExactlyOnceInOrder, createSeededRandom, DIALECTS } from "../../src/testing/index.ts";
import { runWorkers } from "./processes.ts";

const BUILT = fileURLToPath(new URL("../../dist/workers/index.js", import.meta.url));
beforeAll(() => expect(existsSync(BUILT), "npm run build comes before this test").toBe(true));

const SEED = 20261128;
const KILLS = 3;
const MESSAGES = 200;
/** Of one publisher, at once: some are always under way when a worker is killed. */
const UNDER_WAY = 10;
/** Five processes start: seconds each on a busy machine. */
const TIMEOUT_MS = 120_000;

describe("a server by two workers", () => {
  test("loses, doubles and reorders nothing when they are killed under load, over every transport (P1, P2, P3, P4, P5)", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const random = createSeededRandom(SEED);
    const { url, pids, workers } = await runWorkers("server", { count: 2 });
    const open = (n: number): Client => {
      const { transport, framing } = DIALECTS[n % DIALECTS.length] ?? expect.fail();
      const client = createClient({ url, transport, framing });
      onTestFinished(() => client.close());
      return client;
    };
    const readers = DIALECTS.flatMap((_, n) => [open(n), open(n)]).map((client) => collect(client.channel("room/42")));
    for (const reader of readers) await reader.live();

    const sent = new Map<string, string>();
    let published = 0;
    const publishing = DIALECTS.map(async ({ name }, n) => {
      const channel = open(n).channel("room/42");
      let next = 0;
      const publishOn = async (): Promise<void> => {
        while (next < MESSAGES) {
          const text = `${name} ${next++}`;
          sent.set((await channel.publish(text)).id, text);
          published++;
        }
      };
      await Promise.all(Array.from({ length: UNDER_WAY }, publishOn));
    });

    const total = DIALECTS.length * MESSAGES;
    for (let kill = 1; kill <= KILLS; kill++) {
      while (published < (kill * total) / (KILLS + 2)) await new Promise((resolve) => setImmediate(resolve));
      const victims = pids();
      const victim = victims[Math.floor(random() * victims.length)] ?? expect.fail();
      const replaced = once(cluster, "listening");
      process.kill(victim, "SIGKILL");
      await replaced; // while none listens their port is nobody's
    }
    await Promise.all(publishing);

    const expected = [...sent.keys()].sort().map((id) => sent.get(id));
    expect(expected).toHaveLength(total);
    for (const { name } of DIALECTS) {
      const own = expected.filter((text) => text?.startsWith(`${name} `));
      expect(own).toEqual(Array.from({ length: MESSAGES }, (_, n) => `${name} ${n}`));
    }
    for (const reader of readers) {
      await reader.messages(total);
      assertExactlyOnceInOrder(reader, expected);
      expect(reader.gaps).toEqual([]);
    }
    expect(workers.size).toBe(2);
  });
});
