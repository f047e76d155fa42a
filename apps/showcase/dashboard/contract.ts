/** The channels of the dashboard, for both ends. */
import { channel, contract, latest } from "eitherway/contract";
import * as v from "valibot";
import { FIGURES } from "./figures.ts";

const value = v.nullable(v.number());
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

export const dashboard = contract({
  /** For the widgets: each figure as it stands. A page shows all of them, so they are one channel and come as one run. */
  current: channel("current", {
    events: { figure: latest(v.object({ name: v.string(), value }), { key: ({ name }) => name, every: "250ms" }) },
    history: { max: 200 },
  }),
  /** For the charts: all figures once a second, none left out, for an hour. Values in the order of the figures. */
  samples: channel("samples", {
    events: {
      sample: v.object({ run: v.string(), n: count, values: v.pipe(v.array(value), v.length(FIGURES.length)) }),
    },
    history: { max: 3_600, age: "1h", bytes: "8mb" },
  }),
  /** Something to measure. */
  load: channel("load", {
    events: { beat: v.object({ n: count, of: count }) },
    calls: { start: {} },
    history: { max: 100 },
  }),
});
