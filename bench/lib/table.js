/** The printed tables: for each scenario and variant a line a peer, with the ratio to Eitherway over the same transport. */
import { cellAt } from "./cells.js";
import { digits, FIGURES, figureOf, percent } from "./figures.js";
import { OURS } from "./peers.js";
import { divide, isVerdict, samplesOf, summarize } from "./summary.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {import("./types.js").Round} Round
 * @typedef {import("../scenarios.js").Scenario} Scenario
 */

const WIDTHS = [20, 10, 14, 8, 12, 12, 10];
const BYTES_PER_KB = 1_000;

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
  for (const cell of cells) {
    const { peer, dialect, rounds, skipped } = cell;
    if (skipped !== undefined) {
      lines.push(`${row(peer, dialect)} not run: ${skipped}`);
      continue;
    }
    const summary = summarize(samplesOf(rounds, figure.of));
    if (!summary) {
      lines.push(`${row(peer, dialect)} void: ${whyVoid(rounds)}`);
      continue;
    }
    const p99 = summarize(samplesOf(rounds, FIGURES.p99));
    lines.push(
      row(
        peer,
        dialect,
        digits(summary.median),
        percent(summary.spread),
        ratioToOurs(cell, cells, figure.of),
        p99 ? digits(p99.median) : "",
        `${summary.rounds}/${rounds.length}${summary.contended ? " contended" : ""}`,
      ) + more(rounds, scenario),
    );
  }
  return lines.join("\n");
}

/**
 * Times what Eitherway has over the same transport: the median of the rounds' ratios; in brackets where there is no verdict.
 * @param {Cell} cell
 * @param {readonly Cell[]} cells of its scenario and variant
 * @param {import("./figures.js").Figure} figure
 */
export function ratioToOurs(cell, cells, figure) {
  const ours = cellAt(cells, { ...cell, peer: OURS });
  if (!ours || ours === cell) return "";
  const ratios = summarize(divide(samplesOf(cell.rounds, figure), samplesOf(ours.rounds, figure)));
  if (!ratios) return "";
  const times = `${digits(ratios.median)}x`;
  return isVerdict(ratios) ? times : `(${times})`;
}

/** @param {readonly Round[]} rounds of which none counts */
export function whyVoid(rounds) {
  return rounds.find((round) => round.void !== undefined)?.void ?? "no rounds";
}

/**
 * What only some scenarios have.
 * @param {readonly Round[]} rounds
 * @param {Scenario} scenario
 */
function more(rounds, { kind }) {
  const busy = kind === "idle" ? summarize(samplesOf(rounds, FIGURES.busy)) : undefined;
  const held = summarize(samplesOf(rounds, FIGURES.held));
  const delay = summarize(samplesOf(rounds, FIGURES.loopDelay));
  return [
    busy ? `  ${digits(busy.median)} % of a CPU` : "",
    held && held.median > 0 ? `  held for a link ${digits(held.median / BYTES_PER_KB)} kB` : "",
    delay && delay.median > 0 ? `  loop delay p99 ${digits(delay.median)} ms` : "",
  ].join("");
}

export const TABLE_NOTE =
  "spread: largest minus smallest round, over the median. of ours: this peer's figure over Eitherway's of the same round, the median of\n" +
  "all rounds; in brackets where there is no verdict: fewer than 3 clean rounds, or not in all of them the same one costs less.\n" +
  "rounds: counted of all; contended: other programs used the server's CPU in every round.";

/** @param {string[]} texts */
function row(...texts) {
  return texts
    .map((text, nth) => (nth < 2 ? text.padEnd(WIDTHS[nth] ?? 0) : text.padStart(WIDTHS[nth] ?? 0)))
    .join(" ");
}
