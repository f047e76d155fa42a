/**
 * Tables of a comparison. On narrow pages their rows become cards, so each cell names its column; roles say that it is a table still,
 * since some browsers forget that of a table that is not laid out as one.
 */
import {
  type BrowserLimits,
  type Comparison,
  type FaultOutcome,
  type Figure,
  type FigureValue,
  formatRatios,
  formatValue,
  type Side,
  standing,
  type Unit,
  type Verdict,
  verdictLabel,
} from "../../instrument/index.ts";
import { createGlance } from "./html-plots.ts";
import { type Content, html, type Markup } from "./markup.ts";

/** How a side does against the first one in all that is judged. `undefined`: nothing was. */
export function glanceTable(figures: Comparison["figures"], first: Side, side: Side): Markup | undefined {
  const judged = figures.flatMap((figure) => {
    const verdict = figure.values[side.id]?.verdict;
    return verdict ? [{ figure, verdict }] : [];
  });
  if (judged.length === 0) return undefined;
  const glance = createGlance(figures, side);
  return table({
    kind: "glances",
    caption: `${side.name} against ${first.name}`,
    head: ["Figure", glance.axis, "Verdict"],
    rows: judged.map(({ figure, verdict }) => [
      figure.title,
      cell("", glance.row(figure, verdict)),
      cell("", [verdictBadge(figure, verdict), bounds(verdict)]),
    ]),
  });
}

/** Each side's median, spread and verdict. */
export function figuresTable(caption: string, figures: readonly Figure[], sides: readonly Side[]): Markup {
  return table({
    kind: "figures",
    caption,
    head: ["Figure", ...sides.map(({ name }) => name)],
    rows: figures.map((figure) => [
      [html`<span class="what">${figure.title}</span>`, html`<span class="about">${figure.about}</span>`],
      ...sides.map(({ id, name }) => cell(name, figureCell(figure, figure.values[id]))),
    ]),
  });
}

function figureCell(figure: Figure, value: FigureValue | undefined): Content {
  if (!value) return html`<span class="nothing">not measured</span>`;
  const { summary, verdict } = value;
  return [
    html`<span class="number">${formatValue(summary.median, figure.unit)}</span>`,
    summary.low !== summary.high &&
      html`<span class="spread">${formatValue(summary.low, figure.unit)} to ${formatValue(summary.high, figure.unit)}</span>`,
    verdict && verdictBadge(figure, verdict),
  ];
}

const MARKS = { better: "+", worse: "−", even: "=" } as const;

function verdictBadge(figure: Pick<Figure, "better">, verdict: Verdict): Markup {
  if (verdict.outcome === "unjudged") return html`<span class="verdict even">${verdictLabel(verdict)}</span>`;
  const stands = standing(figure, verdict);
  const word = stands === "even" ? "" : `${stands}: `;
  return html`<span class="verdict ${stands}"><span aria-hidden="true">${MARKS[stands]} </span>${word}${verdictLabel(verdict)}</span>`;
}

function bounds(verdict: Verdict): Markup | undefined {
  if (verdict.outcome === "unjudged") return undefined;
  return html`<span class="spread">${formatRatios(verdict.low, verdict.high)}</span>`;
}

/** The delays of single messages. `undefined`: none were kept. */
export function tailsTable(figures: readonly Figure[], sides: readonly Side[]): Markup | undefined {
  const rows = figures.flatMap((figure) => sides.flatMap((side) => tailRow(figure, side)));
  if (rows.length === 0) return undefined;
  return table({ kind: "numbers", caption: "Slow messages", head: ["Delay", ...POINTS, MESSAGES], rows });
}

const POINTS = ["p50", "p95", "p99", "max"] as const;
const MESSAGES = "messages";

function tailRow({ title, unit, values }: Figure, { id, name }: Side): readonly TableRow[] {
  const tail = values[id]?.tail;
  if (!tail) return [];
  const delays = POINTS.map((point) => cell(point, formatValue(tail[point], unit)));
  return [[`${title.replace(PERCENTILE, "")}: ${name}`, ...delays, cell(MESSAGES, formatValue(tail.count, "count"))]];
}

/** What a title ends with where the figure is one point of a distribution. */
export const PERCENTILE = /, p\d+$/;

const FAULTS: Readonly<Record<string, string>> = {
  cut: "Connection cut",
  "half-open": "Half-open connection",
  "server-kill": "Server killed",
  blackhole: "Black hole",
  buffering: "Buffering proxy",
};

export function faultsTable(faults: readonly FaultOutcome[], sides: readonly Side[]): Markup {
  const names = new Map(sides.map(({ id, name }) => [id, name]));
  return table({
    kind: "numbers",
    caption: "What each side lived through",
    head: ["Fault", "noticed after", "back after", "sent", "lost", "doubled", "gaps told"],
    rows: faults.map(({ fault, side, note, ...outcome }) => [
      [
        html`<span class="what">${FAULTS[fault] ?? fault}: ${names.get(side) ?? side}</span>`,
        note !== undefined && html`<span class="about">${note}</span>`,
      ],
      cell("noticed after", time(outcome.detectedMs, "had not to")),
      cell("back after", time(outcome.recoveredMs, "not in time")),
      cell("sent", formatValue(outcome.sent, "count")),
      cell("lost", tally(outcome.lost)),
      cell("doubled", tally(outcome.doubled)),
      cell("gaps told", formatValue(outcome.gaps, "count")),
    ]),
  });
}

function time(value: number | undefined, otherwise: string): Content {
  return value === undefined ? html`<span class="nothing">${otherwise}</span>` : formatValue(value, MS);
}

const MS: Unit = "ms";

/** What should be 0 stands out where it is not. */
function tally(count: number): Content {
  const text = formatValue(count, "count");
  return count === 0 ? text : html`<strong>${text}</strong>`;
}

export function browserTable({ browser, limits }: BrowserLimits): Markup {
  return table({
    kind: "numbers",
    caption: `What ${browser} keeps open to one server`,
    head: ["What", "open at once"],
    rows: limits.map(({ title, open, atLeast }) => [
      title,
      cell("open at once", `${atLeast ? "at least " : ""}${open}`),
    ]),
  });
}

interface Cell {
  readonly column: string;
  readonly content: Content;
}

function cell(column: string, content: Content): Cell {
  return { column, content };
}

/** The head of the row, then its cells. */
type TableRow = readonly [Content, ...Cell[]];

interface Table {
  readonly kind: "glances" | "figures" | "numbers";
  readonly caption: string;
  readonly head: readonly Content[];
  readonly rows: readonly TableRow[];
}

function table({ kind, caption, head, rows }: Table): Markup {
  return html`<table class="${kind}" role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${head.map((title) => html`<th scope="col" role="columnheader">${title}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map(
    ([title, ...cells]) => html`
<tr role="row"><th scope="row" role="rowheader">${title}</th>${cells.map(
      ({ column, content }) => html`<td role="cell" data-column="${column}">${content}</td>`,
    )}</tr>`,
  )}
</tbody></table>`;
}
