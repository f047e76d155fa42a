/** The client of a walk: the real one, with its real transports, on a platform of which the walk is the device. */
import { createClientOn } from "../../../src/client/client.ts";
import type { Client } from "../../../src/client/client-api.ts";
import type { ClientClock, DeviceEvents } from "../../../src/client/ports.ts";
import type { Clock } from "../../../src/core/index.ts";
import { binaryClientCodec, jsonClientCodec } from "../../../src/protocol/index.ts";
import { createSeededRandom } from "../../../src/testing/index.ts";
import { type MemoryNetwork, NETWORK_URL } from "../../../src/testing/memory-network/memory-network.ts";
import { transportsOver } from "../../../src/testing/memory-network/transports.ts";
import type { Walk } from "./actions.ts";
import type { Links } from "./links.ts";
import { STUMBLE } from "./seat.ts";
import type { WalkTally } from "./walk-tally.ts";

export interface WalkClient {
  readonly client: Client;
  /** Timers of the client that wait. */
  readonly timers: number;
  fallAsleep(): void;
  wakeUp(): void;
}

export interface WalkClientOptions {
  readonly walk: Walk;
  readonly clock: Clock;
  readonly network: MemoryNetwork;
  readonly links: Links;
  readonly tally: WalkTally;
  failed(error: unknown): void;
}

const OUTBOX_COMMANDS = 20; // so few that some publishes find it full

/** Why a transport came into use, by words of `status.why`. */
const WAYS = [
  ["did not get through", "failed over"],
  ["did not open within", "won a race"],
  ["open but mute", "demoted"],
  ["is better", "promoted"],
  ["worked the last time", "used what worked"],
] as const;

export function createWalkClient({ walk, network, links, tally, failed, ...options }: WalkClientOptions): WalkClient {
  let timers = 0;
  let device: DeviceEvents | undefined;
  let remembered = walk.recalled;
  const clock: ClientClock = countTimers(options.clock, (by) => {
    timers += by;
  });
  const client = createClientOn(
    {
      transports: transportsOver(network).map(links.watch),
      clock,
      random: { mixed: createSeededRandom(walk.seed + 1), least: () => 0, most: () => 0.999 }[walk.luck],
      wakeups(events) {
        device = events;
        return () => {
          device = undefined;
        };
      },
      createNetworkMemory: () => ({
        recall: () => remembered,
        remember(transport) {
          remembered = transport;
          tally.count("seen", `remembered ${transport}`);
        },
      }),
      createClientId: () => "c1",
      baseUrl: undefined,
    },
    {
      url: NETWORK_URL,
      fetch: network.fetch,
      transport: walk.choice,
      framing: walk.framing === "json" ? jsonClientCodec : binaryClientCodec,
      streamChange: walk.streamChange,
      outbox: { commands: OUTBOX_COMMANDS },
      ...(walk.tokenMs > 0 && {
        token: () => new Promise<string>((resolve) => options.clock.after(walk.tokenMs, () => resolve("t"))),
      }),
    },
  );

  client.on("error", (error) => {
    const { code, message } = error as { code?: string; message: string };
    if (message === STUMBLE) tally.count("seen", "handler that throws");
    else if (code === "unavailable") tally.count("seen", "subscription refused for now");
    else failed(error);
  });
  let before = client.status;
  client.on("status", (status) => {
    const { state, transport, why, links: opened } = status;
    if (state !== before.state) tally.count("seen", `${before.state} -> ${state}`);
    if (opened > before.links) {
      tally.count("seen", `open over ${transport}`);
      for (const [words, way] of WAYS) if (why.includes(words)) tally.count("seen", way);
    }
    before = status;
  });

  return {
    client,
    get timers() {
      return timers;
    },
    fallAsleep: () => device?.asleep(),
    wakeUp: () => device?.woken(),
  };
}

function countTimers({ wall, now, after }: Clock, count: (by: 1 | -1) => void): ClientClock {
  return {
    wall,
    now,
    after(ms, run) {
      let waits = true;
      const done = (): void => {
        if (waits) count(-1);
        waits = false;
      };
      const undo = after(ms, () => {
        done();
        run();
      });
      count(1);
      return () => {
        done();
        undo();
      };
    },
  };
}
