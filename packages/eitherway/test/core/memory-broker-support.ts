/** A memory broker on a clock that tests move, and short forms for drafts and outcomes. */
import {
  type Broker,
  createCounters,
  createMemoryBroker,
  type Draft,
  type MemoryBrokerOptions,
  type Receipt,
} from "../../src/core/index.ts";
import { textPayload } from "../../src/protocol/index.ts";
import { createFakeClock, createSeededRandom } from "../../src/testing/index.ts";

export const HOUR = 60 * 60_000;
export const MINUTE = 60_000;
export const ALL = { messages: 10_000, bytes: 10_000_000 };

export function start(options: Partial<MemoryBrokerOptions> = {}) {
  const clock = createFakeClock();
  const metrics = createCounters();
  const broker = createMemoryBroker({ clock, random: createSeededRandom(1), metrics, ...options });
  return { clock, broker, counters: metrics.all };
}

export function draft(text: string, more: Partial<Draft> = {}): Draft {
  return { event: "message", payload: textPayload(text), ...more };
}

export const foreign = (key: string) => ({ key: { kind: "foreign", user: "ana", key } }) as const;
export const counted = (counter: number, client = "c1") =>
  ({ key: { kind: "counted", user: "ana", client, counter } }) as const;

/** `ok`, `repeated` or the error code of each receipt. */
export function outcomes(receipts: readonly Receipt[]): string[] {
  return receipts.map((receipt) => (receipt.ok ? (receipt.repeated ? "repeated" : "ok") : receipt.error.code));
}

export async function texts(broker: Broker, channel: string): Promise<unknown[]> {
  const page = await broker.read(channel, "start", ALL);
  return page.kind === "messages" ? page.messages.map(({ payload }) => payload.data) : [page.kind];
}
