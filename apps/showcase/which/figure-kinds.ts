/** What the page measures. The same ids as on the command line, where it is the same thing. */
import type { FigureKind } from "eitherway/instrument";

export const FIGURES = {
  delivery50: {
    id: "delivery.p50",
    row: "direction",
    title: "publish to arrival, p50",
    unit: "ms",
    better: "less",
    about: "From a publish by a second connection of this page, the same for all, to the arrival here.",
    judged: true,
  },
  delivery95: {
    id: "delivery.p95",
    row: "direction",
    title: "publish to arrival, p95",
    unit: "ms",
    better: "less",
    about: "The same, for the slowest of twenty messages.",
    judged: false,
  },
  oneWayDown: {
    id: "one-way.down",
    row: "direction",
    title: "server to browser",
    unit: "ms",
    better: "less",
    about: "From the server's log to the arrival here, by the server's clock as far as it is known here.",
    judged: false,
  },
  oneWayUp: {
    id: "one-way.up",
    row: "direction",
    title: "browser to server",
    unit: "ms",
    better: "less",
    about: "From a publish here to the server's log, by the same clock. Over SSE and long-poll it is a POST.",
    judged: false,
  },
  roundTrip50: {
    id: "round-trip.p50",
    row: "direction",
    title: "publish and answer, p50",
    unit: "ms",
    better: "less",
    about: "From a publish here to the answer that it is stored: the round trip.",
    judged: true,
  },
  upstreamRate: {
    id: "upstream.rate",
    row: "direction",
    title: "publishes answered",
    unit: "per-second",
    better: "more",
    about: "As many as one tab gets answered, with 32 on their way at a time.",
    judged: true,
  },
  open: {
    id: "open",
    row: "protocol",
    title: "open",
    unit: "ms",
    better: "less",
    about:
      "Until the channel is live. HTTP may go over a connection that the browser has already; a WebSocket is a new one.",
    judged: true,
  },
} as const satisfies Record<string, FigureKind>;

export type FigureName = keyof typeof FIGURES;
