/**
 * What is measured, as data. `batch` messages are published in one event-loop turn; `window` is how many such batches may be on
 * their way, so that servers are busy and no link is more than 64 KiB behind.
 */

/**
 * @typedef {import("./lib/types.js").DialectName} DialectName
 *
 * @typedef {object} Size
 * @property {number} links
 * @property {number} warmupMs
 * @property {number} windowMs of storms: not used, they last until all links were open
 *
 * @typedef {object} Variant
 * @property {string} name
 * @property {number} [batch]
 * @property {number} [window]
 * @property {number} [inFlight] of each client of a relay
 *
 * @typedef {object} Scenario
 * @property {string} name as in `--only`
 * @property {string} title
 * @property {"burst" | "relay" | "storm" | "idle"} kind
 * @property {string} unit what CPU is counted by
 * @property {readonly DialectName[]} dialects
 * @property {readonly Variant[]} variants
 * @property {Size} full
 * @property {Size} smoke
 */

const SMOKE = { links: 4, warmupMs: 50, windowMs: 150 };

/** @type {readonly Scenario[]} */
export const SCENARIOS = [
  {
    name: "fan-out",
    title: "One channel, 200 subscribers, messages of 128 bytes",
    kind: "burst",
    unit: "delivery",
    dialects: ["websocket", "binary", "sse"],
    variants: [
      { name: "1 a turn", batch: 1, window: 8 },
      { name: "10 a turn", batch: 10, window: 4 },
      { name: "100 a turn", batch: 100, window: 2 },
    ],
    full: { links: 200, warmupMs: 1_500, windowMs: 2_500 },
    smoke: SMOKE,
  },
  {
    name: "relay",
    title: "100 rooms of two clients, each publishes; acknowledged and echoed",
    kind: "relay",
    unit: "message",
    dialects: ["websocket"],
    variants: [
      { name: "1 in flight", inFlight: 1 },
      { name: "4 in flight", inFlight: 4 },
    ],
    full: { links: 200, warmupMs: 1_500, windowMs: 2_500 },
    smoke: SMOKE,
  },
  {
    name: "storm",
    title: "Links that open, subscribe and close, 50 at once",
    kind: "storm",
    unit: "link",
    dialects: ["websocket", "sse"],
    variants: [{ name: "50 at once" }],
    full: { links: 4_000, warmupMs: 300, windowMs: 0 },
    smoke: { links: 40, warmupMs: 10, windowMs: 0 },
  },
  {
    name: "idle",
    title: "Links that are only open",
    kind: "idle",
    unit: "link",
    dialects: ["websocket", "sse"],
    variants: [{ name: "2000 links" }],
    full: { links: 2_000, warmupMs: 500, windowMs: 1_000 },
    smoke: SMOKE,
  },
];
