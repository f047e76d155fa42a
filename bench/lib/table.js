/** The printed tables: for each scenario and variant a line a peer, with the ratio to Eitherway over the same transport. */
import { OURS } from "./peers.js";
import { isVerdict, summarize } from "./summary.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Round} Round
 * @typedef {import("../scenarios.js").Scenario} Scenario
 */

const WIDTHS = [20, 10, 14, 8, 12, 12, 10];
const US_PER_S = 1e6;
const PERCENT = 100;

/** @param {Scenario} scenario @returns {{ title: string, of: (round: Round) => number | undefined }} */
export function figureOf({ kind, unit }) {
  if (kind === "idle") return { title: `bytes/${unit}`, of: (round) => round.rssPerLink };
  return { title: `µs/${unit}`, of: (round) => (round.cpuS / round.deliveries) * US_PER_S };
}

/**
 * @param {Scenario} scenario
 * @param {string} variant
 * @param {readonly Cell[]} cells of this scenario and variant
 */
export function table(scenario, variant, cells) {
  const figure = figureOf(scenario);
  const lines = [
    `\n${scenario.name}, ${variant}: ${scenario.title}`,
    row("peer", "transport", figure.title, "spread", "of ours", "p99 ms", "rounds"),
  ];
  for (const { peer, dialect, rounds, skipped } of cells) {
    if (skipped !== undefined) {
      lines.push(`${row(peer, dialect)} not run: ${skipped}`);
      continue;
    }
    const summary = summarize(rounds, figure.of);
    if (!summary) {
      lines.push(
        `${row(peer, dialect)} void: ${rounds.find((round) => round.void !== undefined)?.void ?? "no rounds"}`,
      );
      continue;
    }
    const p99 = summarize(rounds, (round) => round.p99Ms);
    lines.push(
      row(
        peer,
        dialect,
        digits(summary.median),
        `${Math.round(summary.spread * PERCENT)} %`,
        ratio(cells, peer, dialect, summary),
        p99 ? digits(p99.median) : "",
        `${summary.rounds}/${rounds.length}${summary.contended ? " contended" : ""}`,
      ) + more(rounds),
    );
  }
  return lines.join("\n");

  /**
   * @param {readonly Cell[]} all
   * @param {string} peer
   * @param {string} dialect
   * @param {import("./summary.js").Summary} summary
   */
  function ratio(all, peer, dialect, summary) {
    if (peer === OURS) return "";
    const cell = all.find((other) => other.peer === OURS && other.dialect === dialect);
    const ours = cell && summarize(cell.rounds, figure.of);
    if (!ours) return "";
    const times = `${digits(summary.median / ours.median)}x`;
    return summary.rounds > 1 && ours.rounds > 1 && isVerdict(summary, ours) ? times : `(${times})`;
  }
}

const BYTES_PER_KB = 1_000;

/**
 * What only some scenarios have.
 * @param {readonly Round[]} rounds
 */
function more(rounds) {
  const percent = summarize(rounds, ({ cpuS, wallS, rssPerLink }) => rssPerLink && (PERCENT * cpuS) / wallS);
  const held = summarize(rounds, (round) => round.held);
  const delay = summarize(rounds, (round) => round.delayP99Ms);
  return [
    percent ? `  ${digits(percent.median)} % of a CPU` : "",
    held && held.median > 0 ? `  held ${digits(held.median / BYTES_PER_KB)} kB` : "",
    delay && delay.median > 0 ? `  loop delay p99 ${digits(delay.median)} ms` : "",
  ].join("");
}

export const TABLE_NOTE =
  "spread: largest minus smallest round, over the median. of ours: this peer's figure over Eitherway's, in brackets where there is\n" +
  "no verdict, as one of the two varies by more than they differ, or has only one round. rounds: counted of all; contended: other\n" +
  "programs used the server's CPU in every round.";

/** @param {string[]} texts */
function row(...texts) {
  return texts
    .map((text, nth) => (nth < 2 ? text.padEnd(WIDTHS[nth] ?? 0) : text.padStart(WIDTHS[nth] ?? 0)))
    .join(" ");
}

/** Three digits that say something. @param {number} value */
function digits(value) {
  return Math.abs(value) >= PERCENT ? String(Math.round(value)) : value.toPrecision(3);
}
