/** The figures that a round gives, and how numbers are written. */

/**
 * @typedef {import("./types.js").Round} Round
 * @typedef {(round: Round) => number | undefined} Figure
 * @typedef {keyof typeof FIGURES} FigureName
 */

const US_PER_S = 1e6;
const PERCENT = 100;
const DIGITS = 3; // more would be noise

/** CPU and bytes are those of one unit of the scenario: a delivery, a message of a relay, a link. */
export const FIGURES = /** @satisfies {Record<string, Figure>} */ ({
  cpu: ({ cpuS, deliveries }) => (cpuS / deliveries) * US_PER_S,
  time: ({ wallS, deliveries }) => (wallS / deliveries) * US_PER_S,
  store: ({ storeS, deliveries }) => (storeS === undefined ? undefined : (storeS / deliveries) * US_PER_S),
  user: ({ userS, deliveries }) => (userS / deliveries) * US_PER_S,
  system: ({ sysS, deliveries }) => (sysS / deliveries) * US_PER_S,
  bytes: ({ bytes, deliveries }) => bytes / deliveries,
  rate: ({ wallS, deliveries }) => deliveries / wallS,
  busy: ({ cpuS, wallS }) => (PERCENT * cpuS) / wallS,
  memory: (round) => round.rssPerLink,
  heap: (round) => round.heapPerLink,
  nodePerChannel: (round) => round.nodePerChannel,
  nodePerMessage: (round) => round.nodePerMessage,
  nodePerWatch: (round) => round.nodePerWatch,
  storePerChannel: (round) => round.storePerChannel,
  storePerMessage: (round) => round.storePerMessage,
  held: (round) => round.held,
  loopDelay: (round) => round.delayP99Ms,
  p50: (round) => round.p50Ms,
  p99: (round) => round.p99Ms,
  p999: (round) => round.p999Ms,
  load: (round) => round.loadPercent,
});

/**
 * The one that a scenario is about.
 * @param {Pick<import("../scenarios.js").Scenario, "kind" | "unit" | "byTime">} scenario
 * @returns {{ title: string, of: Figure }}
 */
export function figureOf({ kind, unit, byTime }) {
  if (kind === "idle") return { title: `bytes/${unit}`, of: FIGURES.memory };
  if (kind === "kept") return { title: `node, bytes/${unit}`, of: FIGURES.nodePerChannel };
  if (byTime) return { title: `µs of time/${unit}`, of: FIGURES.time };
  return { title: `µs/${unit}`, of: FIGURES.cpu };
}

/** Three digits that say something. @param {number} value */
export function digits(value) {
  if (Math.abs(value) >= PERCENT) return Math.round(value).toLocaleString("en-US");
  return value === 0 ? "0" : value.toPrecision(DIGITS);
}

/** @param {number} share 0.1 is 10 % */
export function percent(share) {
  return `${Math.round(share * PERCENT)} %`;
}
