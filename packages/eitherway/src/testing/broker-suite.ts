/**
 * What every broker must do, as tests: run it over a broker of your own. Needs no test runner of ours, only a function that
 * registers a case.
 */
import type { Broker } from "../core/index.ts";
import { announceCases } from "./broker-suite/announce-cases.ts";
import type { BrokerSettings } from "./broker-suite/broker-case.ts";
import { claimCases } from "./broker-suite/claim-cases.ts";
import { collapseCases } from "./broker-suite/collapse-cases.ts";
import { keyCases } from "./broker-suite/key-cases.ts";
import { logCases } from "./broker-suite/log-cases.ts";
import { presenceCases } from "./broker-suite/presence-cases.ts";
import { streamCases } from "./broker-suite/stream-cases.ts";
import { watchCases } from "./broker-suite/watch-cases.ts";

export type { BrokerSettings } from "./broker-suite/broker-case.ts";

/** A broker to test. Each case asks for a fresh one and closes it. */
export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Lets time pass for the broker. Needed for the cases about time. */
  readonly advance?: (ms: number) => void | Promise<void>;
}

export interface BrokerSuiteOptions {
  /** A broker without any log, set up as asked. */
  readonly create: (settings: BrokerSettings) => BrokerUnderTest | Promise<BrokerUnderTest>;
  /** Registers a case: `test` of vitest or node:test. The name says the behaviour and the promises it proves. */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  /** Whether `create` gives `advance`; without it the cases about time are not registered. */
  readonly time: boolean;
  /** Whether the broker has `streams`; without it the cases about them are not registered. */
  readonly streams: boolean;
  /** Whether the broker keeps presence; without it the cases about that are not registered. */
  readonly presence: boolean;
}

/**
 * Registers the cases. They use nothing but the seam, so they hold for brokers in memory, on disk and over a network.
 *
 * @example
 * describe("my broker", () => brokerSuite({ test, time: false, streams: false, presence: false, create: (settings) => ({ broker: myBroker(settings) }) }));
 */
export function brokerSuite({ create, test, time, streams, presence }: BrokerSuiteOptions): void {
  const cases = [...logCases, ...collapseCases, ...keyCases, ...claimCases, ...watchCases, ...announceCases];
  if (streams) cases.push(...streamCases);
  if (presence) cases.push(...presenceCases);
  for (const one of cases) {
    if (one.time && !time) continue;
    test(one.name, async () => {
      const { broker, advance } = await create(one.settings ?? {});
      try {
        await one.run(broker, async (ms) => {
          if (!advance) throw new Error("time: true promises advance(ms)");
          await advance(ms);
        });
      } finally {
        await broker.close();
      }
    });
  }
}
