/** docs/choosing.md from a comparison that was measured (docs/choosing.json) and the rules of `eitherway advise`. */
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inRoot } from "./root.js";

/**
 * @typedef {import("../../packages/eitherway/dist/instrument/index.js")} Instrument
 * @typedef {import("../../packages/eitherway/dist/instrument/index.js").Comparison} Comparison
 * @typedef {import("../../packages/eitherway/dist/instrument/index.js").Figure} Figure
 * @typedef {import("../../packages/eitherway/dist/instrument/index.js").Row} Row
 */

export const CHOOSING_PAGE = inRoot("docs", "choosing.md");
export const MEASURED = inRoot("docs", "choosing.json");

const DIST = inRoot("packages", "eitherway", "dist");

/** What is usually said, before what was measured. @type {readonly { row: Row, title: string, said: string }[]} */
const ROWS = [
  {
    row: "direction",
    title: "Direction",
    said: "Usually said: WebSocket goes both ways, SSE one. With Eitherway every transport goes both ways; beside a stream, what goes up goes by POST, and that has its price.",
  },
  {
    row: "protocol",
    title: "Protocol",
    said: "Usually said: WebSocket is a protocol of its own after an HTTP handshake, SSE is plain HTTP.",
  },
  {
    row: "format",
    title: "Data format",
    said: "Usually said: WebSocket carries text and bytes, SSE text only. Bytes go over SSE as base64.",
  },
  {
    row: "browser",
    title: "Browser support",
    said: "Usually said: both are everywhere. What differs is how many may be open: over HTTP/1.1 each event stream of each tab takes one of six connections, a WebSocket takes none of them.",
  },
  {
    row: "reconnection",
    title: "Reconnection",
    said: "Usually said: `EventSource` reconnects by itself, a WebSocket does not. With Eitherway every transport comes back, goes on exactly where it stood, or says `gap`.",
  },
];

/** The page that is there; empty where there is none. */
export function readChoosingPage() {
  return existsSync(CHOOSING_PAGE) ? readFileSync(CHOOSING_PAGE, "utf8") : "";
}

/** The page as the built package and the stored measurement have it. */
export async function choosingPage() {
  /** @type {Instrument} */
  const instrument = await import(pathToFileURL(`${DIST}/instrument/index.js`).href);
  /** @type {Comparison} */
  const comparison = JSON.parse(readFileSync(MEASURED, "utf8"));
  const rows = ROWS.map((row) => section(row, comparison, instrument));
  return [head(comparison), await listUseCases(), NOT, ...rows].join("\n");
}

const WAYS = {
  websocket: "WebSocket",
  sse: "SSE",
  poll: "long-poll",
  webrtc: "WebRTC, without Eitherway",
  "plain-polling": "ordinary requests, without Eitherway",
  download: "downloads, without Eitherway",
};

/** Of an advice's many, those by a number say most. */
const SHOWN_FLIPS = 2;

async function listUseCases() {
  /** @type {import("../../packages/eitherway/dist/cli/advise/advise.js")} */
  const { recommendations } = await import(pathToFileURL(`${DIST}/cli/advise/advise.js`).href);
  /** @type {import("../../packages/eitherway/dist/cli/advise/flips.js")} */
  const { conditionOf } = await import(pathToFileURL(`${DIST}/cli/advise/flips.js`).href);
  const rows = recommendations().map(({ useCase, advice }) => {
    const flips = advice.flips.filter(({ change }) => change !== "becomes").slice(0, SHOWN_FLIPS);
    const changes = flips.map((flip) => `${WAYS[flip.advises]} if ${conditionOf(flip)}`).join("; ");
    return [`${useCase.name}: ${useCase.says}`, `**${WAYS[advice.advises]}**`, advice.because, changes || "–"];
  });
  return `## What for what

By the rules of \`eitherway advise\` and the numbers that stand in the first column; yours may be others: \`eitherway advise --use-case chat\`
asks for them, says how sure it is, and prints settings and code. Whatever it is, nothing is lost when a transport does not get
through: the client falls back, and goes on where it was.

${table(["for", "take", "because", "would change"], rows)}`;
}

const NOT = `## When not to use Eitherway

- **News that may be half a minute old**, to many: ordinary requests with an \`ETag\`, or a page that a CDN renews, need no server of yours.
- **Files, audio and video**: downloads and WebRTC have flow control, codecs and caches for them; a channel is for messages.
- **States between a few peers that may be lost** (pointers, positions, 60 times a second): WebRTC data channels, unordered.
- **One request, one answer**: \`fetch\`. A channel is for what comes without being asked for.
- **Work queues**: every subscriber of a channel sees every message; nothing is handed to one worker alone.
- **Storage**: a log keeps what its retention says (1,000 messages, 1 MiB, 1 hour by default), and without a directory (\`--data\`) or Redis only until the process ends.
`;

/** @param {Comparison} comparison */
function head({ made }) {
  return `# WebSocket or SSE?

Measured, not argued: every number on this page comes from one run of \`eitherway compare\` on ${made.at.slice(0, 10)}, between two processes
of one machine (${made.machine}), ${made.rounds} rounds in ${Math.round(made.seconds)} s. \`npm run choosing\` measures anew and writes this page.
On your machine and network the numbers differ: \`npx eitherway compare\`, or the page \`/which\` that \`npm start\` serves, measures there.

In brackets: the middle half of the rounds. A difference is called one only where it is above 5 % and chance is no good explanation
([compare.md](compare.md) says how); where it is not, both cells are as good as equal.
`;
}

/**
 * @param {typeof ROWS[number]} row
 * @param {Comparison} comparison
 * @param {Instrument} instrument
 */
function section({ row, title, said }, comparison, instrument) {
  const figures = comparison.figures.filter((figure) => figure.row === row);
  const parts = [`## ${title}\n\n${said}\n`];
  if (figures.length > 0) parts.push(figureTable(figures, comparison, instrument));
  if (row === "browser" && comparison.browser) parts.push(browserTable(comparison.browser));
  if (row === "reconnection") parts.push(faultTable(comparison, instrument));
  return parts.join("\n");
}

/**
 * @param {readonly Figure[]} figures
 * @param {Comparison} comparison
 * @param {Instrument} instrument
 */
function figureTable(figures, { sides }, { formatValue, verdictLabel }) {
  return table(
    ["", ...sides.map(({ name }) => name)],
    figures.map(({ title, unit, values }) => [
      title,
      ...sides.map(({ id }) => {
        const value = values[id];
        if (!value) return "–";
        const { median, low, high, rounds } = value.summary;
        const spread = rounds > 1 ? ` (${formatValue(low, unit)} to ${formatValue(high, unit)})` : "";
        const verdict = value.verdict ? `; ${verdictLabel(value.verdict)}` : "";
        return `**${formatValue(median, unit)}**${spread}${verdict}`;
      }),
    ]),
  );
}

/** @param {NonNullable<Comparison["browser"]>} browser */
function browserTable({ browser, limits }) {
  const rows = limits.map(({ title, open, atLeast }) => [title, `**${atLeast ? "at least " : ""}${open}**`]);
  return table([`open at a time in ${browser}`, ""], rows);
}

/**
 * @param {Comparison} comparison
 * @param {Instrument} instrument
 */
function faultTable({ sides, faults }, { formatValue }) {
  const names = [...new Set(faults.map(({ fault }) => fault))];
  const cell = (/** @type {string} */ fault, /** @type {string} */ side) => {
    const outcome = faults.find((one) => one.fault === fault && one.side === side);
    if (!outcome) return "–";
    const { detectedMs, recoveredMs, lost, doubled, gaps } = outcome;
    const noticed = detectedMs === undefined ? "" : `noticed after ${formatValue(detectedMs, "ms")}, `;
    const back = recoveredMs === undefined ? "not back in time" : `back after ${formatValue(recoveredMs, "ms")}`;
    return `${noticed}${back}; lost ${lost}, doubled ${doubled}, gaps ${gaps}`;
  };
  const notes = [
    ...new Set(faults.flatMap(({ fault, note }) => (note === undefined ? [] : [`- ${fault}: ${note}\n`]))),
  ];
  return `${table(
    ["", ...sides.map(({ name }) => name)],
    names.map((fault) => [fault, ...sides.map(({ id }) => cell(fault, id))]),
  )}
Messages came every 50 ms; a closed way was open again after 4 s.

${notes.join("")}`;
}

/**
 * @param {readonly string[]} titles
 * @param {readonly (readonly string[])[]} rows
 */
function table(titles, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |\n`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("");
}
