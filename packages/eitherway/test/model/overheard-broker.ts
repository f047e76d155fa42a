/** The real memory broker, with a listener that writes down what it answers. */
import type { Broker, Clock, Draft, Random } from "../../src/core/index.ts";
import type { Truth } from "./truth.ts";

export interface OverheardOptions {
  readonly truth: Pick<Truth, "published" | "sawEpoch">;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when an answer contradicts the truth. */
  failed(error: unknown): void;
}

/** Share of pages that arrive a turn later. */
const LATE_PAGES = 0.3;

/**
 * Tells the truth what the broker answers. Changes nothing but that some pages take a turn on their way, as they would from a
 * store that is not in memory: by then they may be old.
 */
export function overheard(memory: Broker, { truth, clock, random, failed }: OverheardOptions): Broker {
  const tell = (what: () => void): void => {
    try {
      what();
    } catch (error) {
      failed(error);
    }
  };
  return {
    ...memory,
    async publish(channel, drafts) {
      const when = { now: clock.now(), wall: clock.wall(), keyWindow: memory.keyWindow() };
      const receipts = await memory.publish(channel, drafts);
      tell(() => {
        for (const [i, receipt] of receipts.entries()) truth.published(channel, drafts[i] as Draft, receipt, when);
      });
      return receipts;
    },
    async read(channel, after, limit) {
      const page = await memory.read(channel, after, limit);
      if (page.kind === "messages") tell(() => truth.sawEpoch(channel, page.epoch));
      if (page.kind === "gap") tell(() => truth.sawEpoch(channel, page.head.epoch));
      if (random() < LATE_PAGES) await new Promise<void>((resolve) => clock.defer(resolve));
      return page;
    },
  };
}
