/** What a case of the broker suite is. */
import type { Broker, Limits, Retention } from "../../core/index.ts";

/** What a case asks of the broker that it gets; the rest is at its default. */
export interface BrokerSettings {
  readonly retention?: Partial<Retention>;
  readonly keyWindowMs?: number;
  readonly limits?: Partial<
    Pick<Limits, "inFlight" | "latestKeys" | "streamBytes" | "presenceMembers" | "presenceDiffs">
  >;
}

/** One case of the suite. */
export interface BrokerCase {
  readonly name: string;
  readonly settings?: BrokerSettings;
  /** Calls `advance`. */
  readonly time?: true;
  run(broker: Broker, advance: (ms: number) => Promise<void>): Promise<void>;
}
