/** The dashboard's client: one connection for all widgets and charts, which sleeps while nobody sees the page. */
import { createClient } from "eitherway/client";
import { createHooks } from "eitherway/react";
import { useMemo, useState } from "react";
import { createShaper } from "../frame/shaper.ts";
import { dashboard } from "./contract.ts";
import type { Value } from "./figures.ts";
import { extended, SAMPLES, type Series } from "./series.ts";

/** A look at another tab keeps the connection. */
const SLEEP_AFTER_MS = 5_000;

export const shaper = createShaper();
export const client = createClient(dashboard, {
  url: "/dashboard/eitherway",
  transports: shaper.transports,
  sleepAfterHiddenMs: SLEEP_AFTER_MS,
});
const { useEvents, useLatest, useCall } = createHooks(client);

/** Each figure as it stands, by its name. */
export function useCurrent(): ReadonlyMap<string, { readonly value: Value }> {
  return useLatest("current", "figure").values;
}

/** The last ten minutes: read back at first, then as they come; over a cut, and after sleep, exactly what was missed. */
export function useSeries(): Series {
  const { items } = useEvents("samples", "sample", { history: SAMPLES, keep: SAMPLES });
  const [series, setSeries] = useState<Series>([]);
  const known = useMemo(() => items.map(({ data, meta }) => ({ ...data, at: meta.at })), [items]);
  const next = extended(series, known);
  if (next !== series) setSeries(next); // a server that started anew has no log of before, but this page has
  return next;
}

/** A thousand messages a second, for as long as they last. */
export function useLoad() {
  const { items } = useEvents("load", "beat", { keep: 1 });
  const { call, pending, error } = useCall("load", "start");
  return { beat: items.at(-1)?.data, start: () => void call().catch(() => {}), pending, error };
}
