/** Parts for tests of applications, brokers and transports: time, network and connections that a test controls. */

export type { BrokerSettings, BrokerSuiteOptions, BrokerUnderTest } from "./broker-suite.ts";
export { brokerSuite } from "./broker-suite.ts";
export type { Collect, Collected } from "./collected.ts";
export type { Content, DeliveryLedger, LedgerReader, Verdict } from "./delivery-ledger.ts";
export { createDeliveryLedger } from "./delivery-ledger.ts";
export type { Dialect } from "./dialects.ts";
export { DIALECTS } from "./dialects.ts";
export type { Received } from "./exactly-once.ts";
export type { DeliveryMatchers } from "./exactly-once-matchers.ts";
export { assertExactlyOnceInOrder, deliveryMatchers } from "./exactly-once-matchers.ts";
export type { FakeClock, FakeClockOptions } from "./fake-clock.ts";
export { createFakeClock } from "./fake-clock.ts";
export type { Direction, Fault, LinkShape } from "./fault.ts";
export type { FaultConnection, FaultCounters, FaultNetwork, FaultNetworkOptions } from "./fault-network.ts";
export { createFaultNetwork } from "./fault-network.ts";
export { createHarness } from "./harness/harness.ts";
export type {
  Harness,
  HarnessClientOptions,
  HarnessClock,
  HarnessNetwork,
  HarnessOptions,
  HarnessServer,
  Where,
} from "./harness/harness-api.ts";
export type { LeapingClock } from "./leaping-clock.ts";
export { createLeapingClock } from "./leaping-clock.ts";
export type { MemoryExchange, MemoryPeerOptions, MemoryRequest } from "./memory-exchange.ts";
export { createMemoryExchange } from "./memory-exchange.ts";
export type { Directions, NetworkPath, Weather } from "./memory-network/ways.ts";
export type { MemoryOutboxDisk, MemoryPage } from "./memory-outbox-disk.ts";
export { createMemoryOutboxDisk } from "./memory-outbox-disk.ts";
export type { MemoryHandshake, MemorySocket } from "./memory-socket.ts";
export { createMemorySocket } from "./memory-socket.ts";
export { createSeededRandom } from "./seeded-random.ts";
export type { SuiteEitherway } from "./suite-server.ts";
export { createSuiteServer } from "./suite-server.ts";
export type { ServerSettings, SuiteProducer, SuiteServer } from "./transport-case.ts";
export type { TransportSuiteOptions } from "./transport-suite.ts";
export { transportSuite } from "./transport-suite.ts";
