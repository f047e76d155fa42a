/** The words for figures and verdicts, the same in a terminal, in a report and on a page. */
import type { Figure, FigureKind, Row, Side, Unit } from "./comparison.ts";
import type { Verdict } from "./verdict.ts";

/** In the order in which they are shown. */
export const ROW_TITLES: Readonly<Record<Row, string>> = {
  direction: "Direction",
  protocol: "Protocol",
  format: "Data format",
  browser: "Browser support",
  reconnection: "Reconnection",
};

const KILO = 1_000;
const MICROS_PER_MS = 1_000;
const BYTES_PER_KB = 1_024;

/** A number with its unit, to three digits: `0.214 ms`, `1,204/s`, `65.8 kB`. Kilobytes are 1,024 bytes. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case "ms":
      return value >= KILO ? `${digits(value / KILO)} s` : `${digits(value)} ms`;
    case "us":
      return value >= MICROS_PER_MS ? `${digits(value / MICROS_PER_MS)} ms` : `${digits(value)} µs`;
    case "bytes":
      return value >= 10 * BYTES_PER_KB ? `${digits(value / BYTES_PER_KB)} kB` : `${digits(value)} B`;
    case "per-second":
      return `${digits(value)}/s`;
    case "percent":
      return `${digits(value)} %`;
    case "count":
      return digits(value);
  }
}

const DIGITS = 3;
const formats = {
  small: new Intl.NumberFormat("en", { maximumSignificantDigits: DIGITS }),
  large: new Intl.NumberFormat("en", { maximumFractionDigits: 0 }),
};

function digits(value: number): string {
  return (Math.abs(value) >= KILO ? formats.large : formats.small).format(value);
}

/** `30 % more`, `2.4 times as much`, `40 % as much`: what a ratio is to people. */
export function formatRatio(ratio: number): string {
  if (ratio >= TIMES) return `${digits(ratio)} times as much`;
  if (ratio <= 1 / TIMES) return `${digits(PERCENT * ratio)} % as much`;
  const percent = Math.round(PERCENT * Math.abs(ratio - 1));
  return ratio >= 1 ? `${percent} % more` : `${percent} % less`;
}

/** What an interval of ratios is: `38 to 44 % more`, `4 % less to 6 % more`, `0.4 to 2.1 times as much`. */
export function formatRatios(low: number, high: number): string {
  if (low <= 1 / TIMES || high >= TIMES) return `${digits(low)} to ${digits(high)} times as much`;
  if (low < 1 && high >= 1) return `${formatRatio(low)} to ${formatRatio(high)}`;
  const [near, far] = low >= 1 ? [low, high] : [high, low];
  return `${Math.round(PERCENT * Math.abs(near - 1))} to ${formatRatio(far)}`;
}

/** From here on a ratio is easier to read than a difference. */
const TIMES = 2;
const PERCENT = 100;

/** `no difference`, `41 % more`: for one cell of a table. */
export function verdictLabel(verdict: Verdict): string {
  if (verdict.outcome === "unjudged") return "too few rounds";
  return verdict.outcome === "none" ? "no difference" : formatRatio(verdict.ratio);
}

/** Whether a side is better or worse than the first one in this figure; `even` where nothing was shown. */
export function standing(kind: Pick<FigureKind, "better">, { outcome }: Verdict): "better" | "worse" | "even" {
  if (outcome === "none" || outcome === "unjudged") return "even";
  return outcome === kind.better ? "better" : "worse";
}

/** One sentence: `SSE has 41 % more bytes a message than WebSocket (38 to 44 % more, 30 rounds).` */
export function verdictSentence(
  figure: Pick<Figure, "title">,
  [first, second]: readonly [Side, Side],
  verdict: Verdict,
): string {
  const { rounds } = verdict;
  const about = `${figure.title}:`;
  if (verdict.outcome === "unjudged") {
    return `${about} ${rounds} ${rounds === 1 ? "round is" : "rounds are"} too few for a verdict.`;
  }
  const { outcome, ratio, low, high } = verdict;
  const range = `(${formatRatios(low, high)}, ${rounds} rounds)`;
  if (outcome === "none") return `${about} no difference between ${second.name} and ${first.name} was shown ${range}.`;
  return `${about} ${second.name} has ${formatRatio(ratio)} ${comparing(ratio)} ${first.name} ${range}.`;
}

function comparing(ratio: number): string {
  return ratio >= TIMES || ratio <= 1 / TIMES ? "as" : "than";
}
