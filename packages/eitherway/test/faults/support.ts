/** A server behind a bad network, clients on it, and the ledger that all of them are held to. */
import { expect, onTestFinished } from "vitest";
import { type Client, createClient, type TransportChoice } from "../../src/client/index.node.ts";
import { isEitherwayError } from "../../src/protocol/index.ts";
import {
  type Content,
  createDeliveryLedger,
  createFaultNetwork,
  createLeapingClock,
  createSeededRandom,
  type DeliveryLedger,
  type Dialect,
  type FaultNetwork,
  type LeapingClock,
  type ServerSettings,
  type SuiteServer,
  type Verdict,
} from "../../src/testing/index.ts";
import { startNodeServer } from "../matrix/support.ts";

export interface SceneOptions {
  /** What clients speak. */
  readonly dialect: Pick<Dialect, "framing"> & { readonly transport: TransportChoice };
  readonly settings?: ServerSettings;
  readonly seed?: number;
}

export interface Scene {
  readonly server: SuiteServer;
  /** Between the clients and the server. */
  readonly network: FaultNetwork;
  /** The clients' time. */
  readonly clock: LeapingClock;
  readonly ledger: DeliveryLedger;
  readonly random: () => number;
  /** A client in the dialect; `at` is a base address other than that of the network. */
  client(at?: string): Client;
  /** Subscribes, resolves when live, and holds the client to everything that is acknowledged from then on. */
  reader(name: string, client: Client, channel: string): Promise<SceneReader>;
  /** Publishes `count` messages of different content. Resolves when each has its receipt, or is known to be unknown. */
  publish(client: Client, channel: string, count: number): Promise<void>;
  /** The same without a client between. */
  publishInside(channel: string, count: number, size?: number): Promise<void>;
  /** Resolves when every reader has everything; then the verdict, with nothing wrong in it but what `about` changes. */
  expectClean(expected: Partial<Verdict>): Promise<void>;
}

export interface SceneReader {
  readonly count: number;
  readonly gaps: number;
  /** Resolves when so many messages came. */
  has(count: number): Promise<void>;
}

const NOTHING_WRONG = { lost: 0, doubled: 0, disordered: 0, altered: 0, strange: 0, findings: [] };

const BASE_PATH = "/eitherway";

/** Everything ends with the test. */
export async function createScene({ dialect, settings = {}, seed = 1 }: SceneOptions): Promise<Scene> {
  const server = await startNodeServer(settings);
  onTestFinished(() => server.close());
  const network = await createFaultNetwork({ target: Number(new URL(server.url).port) });
  onTestFinished(() => network.close());
  const clock = createLeapingClock();
  const random = createSeededRandom(seed);
  const ledger = createDeliveryLedger();
  const waiting = new Set<() => void>();
  let next = 0;

  const changed = (): void => {
    for (const look of [...waiting]) look();
  };
  const until = (look: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!look()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });

  return {
    server,
    network,
    clock,
    ledger,
    random,
    client(at = network.url) {
      const { transport, framing } = dialect;
      // No jitter: a test has no herd, only time to lose.
      const client = createClient({ url: at + BASE_PATH, transport, framing, clock, random: () => 0 });
      onTestFinished(() => client.close());
      return client;
    },
    async reader(name, client, channel) {
      const handle = client.channel<Content>(channel);
      const reader = ledger.reader(name, channel);
      let live = false;
      let gaps = 0;
      handle.on("gap", ({ head }) => {
        gaps++;
        reader.gap(head);
        changed();
      });
      handle.on("live", () => {
        live = true;
        changed();
      });
      handle.on("message", (data, { id }) => {
        reader.received(id, contentOf(data));
        changed();
      });
      await until(() => live);
      return {
        get count() {
          return reader.count;
        },
        get gaps() {
          return gaps;
        },
        has: (count) => until(() => reader.count >= count),
      };
    },
    async publish(client, channel, count) {
      const handle = client.channel(channel);
      const publishing = Array.from({ length: count }, async () => {
        const content = `${client.id} ${next++}`;
        try {
          ledger.acked(channel, (await handle.publish(content)).id, content);
        } catch (error) {
          if (!isEitherwayError(error) || error.code !== "outcome-unknown") throw error;
          ledger.uncertain(channel, content);
        }
      });
      await Promise.all(publishing);
      changed();
    },
    async publishInside(channel, count, size = 0) {
      for (let i = 0; i < count; i++) {
        const content = `inside ${next++}`;
        const { id } = await server.publish(channel, content + " ".repeat(size));
        ledger.acked(channel, id, content);
      }
      changed();
    },
    async expectClean(about) {
      await until(() => ledger.complete);
      expect(ledger.verdict()).toMatchObject({ ...NOTHING_WRONG, ...about });
    },
  };
}

/** What stands before the padding. */
function contentOf(data: Content): Content {
  return typeof data === "string" ? data.trimEnd() : data;
}
