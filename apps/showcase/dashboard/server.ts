/** The dashboard's server: reads itself four times a second for the widgets, and once for the charts. */
import { eitherway, type HubStats } from "eitherway";
import { logger } from "../server/logger.ts";
import type { UseCase } from "../server/use-case.ts";
import { dashboard } from "./contract.ts";
import { FIGURES, type Reading, type Value, valuesBetween } from "./figures.ts";
import { createReader } from "./reading.ts";
import { PERIOD_MS } from "./series.ts";

const CURRENT_MS = 250;
const LOAD = { perSecond: 1_000, seconds: 10, everyMs: 10 };

type Stop = () => void;

/** @param stats of everything that this process serves */
export function createDashboard(stats: () => readonly HubStats[]): UseCase {
  const ew = eitherway(dashboard, { logger });
  const run = Date.now().toString(36);
  let samples = 0;
  let stopLoad: Stop = () => {};

  /** Figures come from this server alone. */
  const authorize = ({ action }: { readonly action: string }) => action !== "publish";
  ew.channel("current", { authorize });
  ew.channel("samples", { authorize });
  ew.channel("load", {
    authorize,
    calls: {
      start() {
        stopLoad();
        stopLoad = publishLoad();
      },
    },
  });

  const told = new Map<string, Value>();
  const stopCurrent = everyReading(stats, CURRENT_MS, (values) => {
    if (ew.stats().links === 0) return; // nobody looks
    for (const [i, { name }] of FIGURES.entries()) {
      const value = values[i] ?? null;
      if (told.get(name) === value) continue;
      told.set(name, value);
      done(ew.publish("current", "figure", { name, value }));
    }
  });
  const stopSamples = everyReading(stats, PERIOD_MS, (values) => {
    done(ew.publish("samples", "sample", { run, n: ++samples, values: [...values] }));
  });

  /** Timers are late where there is much to do, so each turn publishes what is due by then. */
  function publishLoad(): Stop {
    const of = LOAD.perSecond * LOAD.seconds;
    const started = performance.now();
    let n = 0;
    const timer = setInterval(() => {
      const due = Math.min(of, Math.floor(((performance.now() - started) * LOAD.perSecond) / 1_000));
      while (n < due) done(ew.publish("load", "beat", { n: ++n, of }));
      if (n === of) clearInterval(timer);
    }, LOAD.everyMs).unref();
    return () => clearInterval(timer);
  }

  return {
    name: "dashboard",
    ew,
    close() {
      for (const stop of [stopCurrent, stopSamples, stopLoad]) stop();
    },
  };
}

function everyReading(
  stats: () => readonly HubStats[],
  everyMs: number,
  take: (values: readonly Value[]) => void,
): Stop {
  const reader = createReader(stats);
  let before: Reading | undefined;
  const timer = setInterval(() => {
    const now = reader.read();
    if (before) take(valuesBetween(before, now));
    before = now;
  }, everyMs).unref();
  return () => {
    clearInterval(timer);
    reader.close();
  };
}

/** What is published while the server ends is nobody's loss; anything else shows as a figure that stands still, and in the log. */
function done(publish: Promise<unknown>): void {
  publish.catch((error: unknown) => {
    if ((error as { readonly code?: string }).code !== "closed") console.error("dashboard:", String(error));
  });
}
