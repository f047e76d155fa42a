/**
 * What Eitherway is held to, as data. A goal is a product of figures over another one, made round by round; judge.js says what came
 * of it, and RESULTS.md shows all, also those that are not met. Why one is not met stands in bench/why-not.md under the goal's id.
 */
import { OURS, OURS_ATTACHED, PEERS } from "./peers.js";

/**
 * @typedef {object} Place a cell of the results
 * @property {string} scenario
 * @property {string} variant
 * @property {import("./types.js").DialectName} dialect
 * @property {string} peer
 *
 * @typedef {object} Goal
 * @property {string} id
 * @property {string} title
 * @property {import("./figures.js").FigureName} figure
 * @property {readonly Place[]} of multiplied
 * @property {readonly Place[]} over multiplied, and what `of` is divided by; none: the figure itself is the goal
 * @property {"x" | "B" | "%" | "ms"} unit
 * @property {number} [atMost]
 * @property {number} [atLeast]
 * @property {Place} [noiseOf] in place of `atMost`: the median may be above 1 by as much as the rounds of this cell are spread
 * @property {number} [stretch] at most, in a better world
 * @property {Showing} [shownBy] what a round must have reached to say something of the goal; other rounds do not count
 * @property {number} [leastRounds] default: 3, or all of a scenario that has fewer
 *
 * @typedef {object} Showing
 * @property {Place} place
 * @property {import("./figures.js").FigureName} figure
 * @property {number} atLeast
 * @property {string} words of rounds, where it was reached
 *
 * @typedef {{ readonly [peer: string]: readonly [atMost: number, stretch?: number] }} Limits
 */

const FLAT = { atLeast: 0.8, atMost: 1.2 };
const LINK_BYTES = 65_536; // limit `linkBytes`
const RUN_BYTES = 256; // at most; that of the message with which the limit was reached
const FROZEN_ROUNDS = 9;
const MOST_HEARTBEAT_PERCENT = 3;
const MOST_LOOP_DELAY_MS = 50;

/** @type {Readonly<Record<string, string>>} */
const TRANSPORT_NAMES = { websocket: "WebSocket", binary: "WebSocket, binary", sse: "SSE" };

/** @type {readonly Goal[]} */
export const GOALS = [
  ...ratios("cpu", "fan-out", "1 a turn", "websocket", { "socket.io": [0.45], uws: [1.1, 0.95], c: [1.5] }),
  ...ratios("cpu", "fan-out", "10 a turn", "websocket", { "socket.io": [0.075], uws: [0.95, 0.85], bun: [1.05] }),
  ...ratios("cpu", "fan-out", "100 a turn", "websocket", { "socket.io": [0.01], uws: [0.33, 0.27], bun: [0.33, 0.27] }),

  bytes("1 a turn", "websocket", 222),
  bytes("10 a turn", "websocket", 148),
  bytes("100 a turn", "websocket", 140),
  bytes("1 a turn", "binary", 175),
  bytes("10 a turn", "binary", 138),
  bytes("100 a turn", "binary", 134),

  ...ratios("cpu", "relay", "1 in flight", "websocket", {
    "socket.io": [0.33, 0.25],
    ws: [0.45],
    uws: [0.95, 0.75],
  }),
  ...ratios("cpu", "relay", "4 in flight", "websocket", { "socket.io": [0.28, 0.25], ws: [0.36], uws: [0.55] }),

  ...ratios("cpu", "fan-out", "1 a turn", "sse", { "better-sse": [0.5, 0.4] }),
  ...ratios("cpu", "fan-out", "10 a turn", "sse", { "better-sse": [0.12, 0.06] }),

  // That peer writes once a channel.
  ...ratios("cpu", "several", "1 a turn", "websocket", { bare: [0.5] }),

  ...ratios("memory", "idle", "15,000 links", "websocket", { "socket.io": [0.33], ws: [0.8] }),
  ...ratios("memory", "idle", "15,000 links", "sse", { "better-sse": [0.55] }),
  value("memory", "idle", "15,000 links", "websocket", { unit: "B", stretch: 3_500 }),
  value("memory", "idle", "15,000 links", "sse", { unit: "B", stretch: 6_000 }),
  value("busy", "idle", "15,000 links", "websocket", { unit: "%", atMost: MOST_HEARTBEAT_PERCENT }),
  value("busy", "idle", "15,000 links", "sse", { unit: "%", atMost: MOST_HEARTBEAT_PERCENT }),

  ...ratios("cpu", "storm", "50 at once", "websocket", { "socket.io": [0.27], ws: [0.7] }),
  ...attachedStorm({ "socket.io": [0.33], ws: [0.85] }),

  ...resume("websocket"),
  ...resume("sse"),
  ...frozen("websocket"),
  ...frozen("sse"),

  ...["1 a turn", "10 a turn", "100 a turn"].flatMap((variant) =>
    ratios("cpu", "fan-out", variant, "websocket", { bare: [1.05] }),
  ),

  flat({
    id: "growth-subscribers",
    title: "growth: CPU over C's with 10,000 subscribers, over the same with 100",
    now: "10,000 subscribers",
    before: place("growth", "100 subscribers", "websocket"),
  }),
  flat({
    id: "growth-idle-channels",
    title: "growth: CPU over C's beside 100,000 idle channels, over the same beside none",
    now: "100,000 idle channels",
    before: place("fan-out", "1 a turn", "websocket"),
  }),
];

/**
 * @param {string} scenario
 * @param {string} variant
 * @param {import("./types.js").DialectName} dialect
 * @returns {Place} ours
 */
function place(scenario, variant, dialect) {
  return { scenario, variant, dialect, peer: OURS };
}

/**
 * @param {"cpu" | "memory"} figure
 * @param {string} scenario
 * @param {string} variant
 * @param {import("./types.js").DialectName} dialect
 * @param {Limits} limits
 */
function ratios(figure, scenario, variant, dialect, limits) {
  return Object.entries(limits).map(([peer, most]) => ratio(figure, place(scenario, variant, dialect), peer, most));
}

/**
 * @param {"cpu" | "memory"} figure
 * @param {Place} ours
 * @param {string} peer
 * @param {readonly [atMost: number, stretch?: number]} most
 * @returns {Goal}
 */
function ratio(figure, ours, peer, [atMost, stretch]) {
  const what = figure === "cpu" ? "CPU" : "memory";
  const over = [{ ...ours, peer }];
  return {
    ...named(ours, `${what} over that of ${titleOf(peer)}`, peer),
    figure,
    of: [ours],
    over,
    unit: "x",
    atMost,
    ...(stretch === undefined ? {} : { stretch }),
  };
}

/**
 * @param {string} variant
 * @param {"websocket" | "binary"} dialect
 * @param {number} atMost
 */
function bytes(variant, dialect, atMost) {
  return value("bytes", "fan-out", variant, dialect, { unit: "B", atMost });
}

/**
 * @param {"bytes" | "memory" | "busy" | "loopDelay" | "held"} figure
 * @param {string} scenario
 * @param {string} variant
 * @param {import("./types.js").DialectName} dialect
 * @param {Pick<Goal, "unit" | "atMost" | "stretch">} limits
 * @returns {Goal}
 */
function value(figure, scenario, variant, dialect, limits) {
  const what = {
    bytes: "bytes of a delivery",
    memory: "memory of a link",
    busy: "part of a CPU for heartbeats",
    loopDelay: "event-loop delay, p99",
    held: "most bytes held for a link",
  }[figure];
  const ours = place(scenario, variant, dialect);
  return { ...named(ours, what, figure), figure, of: [ours], over: [], ...limits };
}

/** @param {Limits} limits */
function attachedStorm(limits) {
  const attached = { ...place("storm", "50 at once", "websocket"), peer: OURS_ATTACHED };
  return Object.entries(limits).map(([peer, most]) => {
    const goal = ratio("cpu", attached, peer, most);
    return { ...goal, id: `${goal.id}-attached`, title: `attached: ${goal.title}` };
  });
}

/** @param {"websocket" | "sse"} dialect @returns {Goal[]} */
function resume(dialect) {
  const behind = place("resume", "100 behind", dialect);
  const head = place("resume", "at the head", dialect);
  return [
    {
      ...named(behind, "CPU of a link over that of one at the head", "head"),
      figure: "cpu",
      of: [behind],
      over: [head],
      unit: "x",
      atMost: 1.25,
      stretch: 1.15,
    },
    value("loopDelay", "resume", "100 behind", dialect, { unit: "ms", atMost: MOST_LOOP_DELAY_MS }),
  ];
}

/** @param {"websocket" | "sse"} dialect @returns {Goal[]} */
function frozen(dialect) {
  const one = place("frozen", "one frozen", dialect);
  const none = place("frozen", "none frozen", dialect);
  // A link that never fills takes nothing from anybody.
  const shownBy = /** @type {const} */ ({
    place: one,
    figure: "held",
    atLeast: LINK_BYTES,
    words: "in which the server held its limit for the frozen client",
  });
  const held = value("held", "frozen", "one frozen", dialect, { unit: "B", atMost: LINK_BYTES + RUN_BYTES });
  return [
    {
      ...named(one, "p99 of the others over that without it", "p99"),
      figure: "p99",
      of: [one],
      over: [none],
      unit: "x",
      noiseOf: none,
      shownBy,
      leastRounds: FROZEN_ROUNDS,
    },
    { ...held, shownBy, leastRounds: FROZEN_ROUNDS },
  ];
}

/**
 * The cost itself grows for every server, since so many sockets fall out of the CPU's caches; so it is compared to the C server's.
 * @param {{ id: string, title: string, now: string, before: Place }} options
 * @returns {Goal}
 */
function flat({ id, title, now, before }) {
  const after = place("growth", now, "websocket");
  const limit = (/** @type {Place} */ ours) => ({ ...ours, peer: "c" });
  return {
    id,
    title,
    figure: "cpu",
    of: [after, limit(before)],
    over: [limit(after), before],
    unit: "x",
    ...FLAT,
  };
}

/**
 * @param {Place} ours
 * @param {string} what
 * @param {string} last of the id
 */
function named({ scenario, variant, dialect }, what, last) {
  const id = [scenario, variant, dialect, last].join("-").replaceAll(/[^\w.]+/g, "-");
  return { id: id.toLowerCase(), title: `${scenario}, ${variant}, ${transportName(dialect)}: ${what}` };
}

/** @param {string} peer */
function titleOf(peer) {
  return PEERS.find(({ name }) => name === peer)?.title ?? peer;
}

/** @param {string} dialect */
export function transportName(dialect) {
  return TRANSPORT_NAMES[dialect] ?? dialect;
}
