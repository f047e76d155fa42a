/** Plots of a comparison as inline SVG. Their width is that of a phone, so their letters keep their size; wide pages set them side by side. */
import {
  type Comparison,
  type Figure,
  type FigureValue,
  formatRatio,
  formatRatios,
  formatValue,
  type Side,
  standing,
  type Tail,
  type Unit,
  type Verdict,
  verdictSentence,
} from "../../instrument/index.ts";
import { type Axis, createLogAxis } from "./log-axis.ts";
import { html, type Markup } from "./markup.ts";

const WIDTH = 340;
const EDGE = 8;
const BAND = 46;
const AXIS = 24;
const TOP = 4;

/** Within a band, from its top. */
const NAME_AT = 12;
const DOTS_AT = 24;
const DOTS_SPREAD = 9;
const BAR_AT = 38;

/** The rounds of each side as dots, and under each side but the first where the verdict says that its median lies. */
export function roundsPlot(figure: Figure, sides: readonly Side[]): Markup | undefined {
  const shown = shownSides(figure, sides);
  const [first] = shown;
  const all = shown.flatMap(({ value }) => [...positive(value.rounds), ...bounds(first, value)]);
  if (!first || all.length === 0) return undefined;
  const axis = axisOver(all);
  const bottom = TOP + shown.length * BAND;
  const middle = axis.at(first.value.summary.median);
  return plot({ title: `${figure.title}: rounds`, about: describe(figure, shown), height: bottom + AXIS }, [
    ticks(axis, figure.unit, bottom),
    html`<line class="first" x1="${px(middle)}" x2="${px(middle)}" y1="${TOP + NAME_AT + 4}" y2="${bottom}"/>`,
    shown.map((one, place) => band(figure, one, first, { axis, top: TOP + place * BAND })),
  ]);
}

interface Shown {
  readonly side: Side;
  readonly value: FigureValue;
}

function shownSides(figure: Figure, sides: readonly Side[]): readonly Shown[] {
  return sides.flatMap((side) => {
    const value = figure.values[side.id];
    return value && value.summary.median > 0 ? [{ side, value }] : [];
  });
}

/** Others have no place on a logarithmic axis, and in no verdict. */
function positive(rounds: readonly (number | null)[]): readonly number[] {
  return rounds.filter((value) => value !== null && value > 0) as number[];
}

/** Where the median of a side lies by its verdict, in the unit of the figure. */
function bounds(first: Shown | undefined, { verdict }: FigureValue): readonly number[] {
  if (!first || !verdict || verdict.outcome === "unjudged") return [];
  return [verdict.low, verdict.high].map((ratio) => ratio * first.value.summary.median);
}

interface Place {
  readonly axis: Axis;
  readonly top: number;
}

function band(figure: Figure, { side, value }: Shown, first: Shown, { axis, top }: Place): Markup {
  const middle = px(axis.at(value.summary.median));
  const dots = value.rounds.flatMap((round, place) =>
    round !== null && round > 0 ? [`M${px(axis.at(round))} ${px(top + DOTS_AT + scatter(place))}h0`] : [],
  );
  const [low, high] = bounds(first, value);
  return html`<text class="name" x="${EDGE}" y="${top + NAME_AT}">${side.name}</text>
<text class="value" x="${WIDTH - EDGE}" y="${top + NAME_AT}">${formatValue(value.summary.median, figure.unit)}</text>
<path class="dots" d="${dots.join("")}"/>
<line class="median" x1="${middle}" x2="${middle}" y1="${top + DOTS_AT - 8}" y2="${top + DOTS_AT + 8}"/>
${low !== undefined && high !== undefined && value.verdict && interval(figure, value.verdict, [axis.at(low), axis.at(high)], top + BAR_AT)}`;
}

/** Spreads dots over their band evenly and always the same way: multiples of the golden ratio leave no clumps. */
function scatter(place: number): number {
  return (((place * GOLDEN) % 1) - 1 / 2) * DOTS_SPREAD;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

function interval(figure: Figure, verdict: Verdict, [from, to]: readonly [number, number], y: number): Markup {
  const END = 4;
  return html`<path class="interval ${standing(figure, verdict)}" d="M${px(from)} ${y}H${px(to)}M${px(from)} ${y - END}v${2 * END}M${px(to)} ${y - END}v${2 * END}"/>`;
}

function describe(figure: Figure, shown: readonly Shown[]): string {
  const medians = shown.map(({ side, value }) => `${side.name} ${formatValue(value.summary.median, figure.unit)}`);
  const [first] = shown;
  const verdicts = shown.flatMap(({ side, value: { verdict } }) =>
    first && verdict ? [verdictSentence(figure, [first.side, side], verdict)] : [],
  );
  return [`Medians: ${medians.join(", ")}.`, ...verdicts].join(" ");
}

const TAIL_BAND = 34;
const TAIL_AT = 22;
const POINTS = ["p50", "p95", "p99", "max"] as const;

/** From the usual to the longest delay of each side, over all its messages. */
export function tailPlot(figure: Figure, sides: readonly Side[]): Markup | undefined {
  const shown = sides.flatMap((side) => {
    const tail = figure.values[side.id]?.tail;
    return tail && tail.p50 > 0 ? [{ side, tail }] : [];
  });
  if (shown.length === 0) return undefined;
  const axis = axisOver(shown.flatMap(({ tail }) => [tail.p50, tail.max]));
  const bottom = TOP + shown.length * TAIL_BAND;
  const about = shown.map(({ side, tail }) => `${side.name}: ${inWords(tail, figure.unit)}.`).join(" ");
  return plot({ title: `${figure.title}: slow messages`, about, height: bottom + AXIS }, [
    ticks(axis, figure.unit, bottom),
    shown.map(({ side, tail }, place) => tailBand(side, tail, { axis, top: TOP + place * TAIL_BAND })),
  ]);
}

function inWords(tail: Tail, unit: Unit): string {
  return POINTS.map((point) => `${point} ${formatValue(tail[point], unit)}`).join(", ");
}

/** A dot, a ring, a square and a stroke: they are told apart without colour. */
function tailBand(side: Side, tail: Tail, { axis, top }: Place): Markup {
  const y = top + TAIL_AT;
  const [p50, p95, p99, max] = POINTS.map((point) => axis.at(tail[point])) as [number, number, number, number];
  return html`<text class="name" x="${EDGE}" y="${top + NAME_AT}">${side.name}</text>
<line class="reach" x1="${px(p50)}" x2="${px(max)}" y1="${y}" y2="${y}"/>
<circle class="p50" cx="${px(p50)}" cy="${y}" r="4"/>
<circle class="p95" cx="${px(p95)}" cy="${y}" r="4"/>
<rect class="p99" x="${px(p99 - 4)}" y="${y - 4}" width="8" height="8"/>
<line class="max" x1="${px(max)}" x2="${px(max)}" y1="${y - 6}" y2="${y + 6}"/>`;
}

const GLANCE_WIDTH = 300;
const GLANCE_HEIGHT = 26;
const GLANCE_EDGE = 18;

/** Ratios of a side against the first one, all over one axis. */
export interface Glance {
  readonly axis: Markup;
  row(figure: Figure, verdict: Verdict): Markup;
}

/** The axis always shows that much to both sides of equal, so that small differences look small. */
const LEAST_REACH = 1.6;

export function createGlance(figures: Comparison["figures"], side: Side): Glance {
  const ends = figures.flatMap(({ values }) => {
    const verdict = values[side.id]?.verdict;
    return verdict && verdict.outcome !== "unjudged" ? [verdict.low, verdict.high] : [];
  });
  const { at } = createLogAxis({
    from: Math.min(1 / LEAST_REACH, ...ends),
    to: Math.max(LEAST_REACH, ...ends),
    start: GLANCE_EDGE,
    end: GLANCE_WIDTH - GLANCE_EDGE,
  });
  const box = `0 0 ${GLANCE_WIDTH} ${GLANCE_HEIGHT}`;
  const equal = px(at(1));
  const marks = ratioMarks(at);
  const grid = marks.map(
    (ratio) =>
      html`<line class="${ratio === 1 ? "first" : "grid"}" x1="${px(at(ratio))}" x2="${px(at(ratio))}" y1="0" y2="${GLANCE_HEIGHT}"/>`,
  );
  return {
    axis: html`<svg class="glance" viewBox="${box}" aria-hidden="true">${marks.map(
      (ratio) => html`<text class="tick" x="${px(at(ratio))}" y="18">${ratioLabel(ratio)}</text>`,
    )}<line class="first" x1="${equal}" x2="${equal}" y1="22" y2="${GLANCE_HEIGHT}"/></svg>`,
    row(figure, verdict) {
      if (verdict.outcome === "unjudged") return html``;
      const { low, high, ratio } = verdict;
      const y = GLANCE_HEIGHT / 2;
      const range = `Ratio ${formatRatio(ratio)}, interval ${formatRatios(low, high)}.`;
      return html`<svg class="glance" viewBox="${box}" role="img"><title>${figure.title}</title><desc>${range}</desc>${grid}${interval(
        figure,
        verdict,
        [at(low), at(high)],
        y,
      )}<circle class="ratio ${standing(figure, verdict)}" cx="${px(at(ratio))}" cy="${y}" r="5"/></svg>`;
    },
  };
}

const RATIOS = [1, 0.5, 2, 10, 0.1, 100, 0.01, 4, 0.25, 1_000, 0.001];
/** Room for a label such as `equal`. */
const RATIO_WIDTH = 34;

/** The first ones of `RATIOS` that are on the axis and have room. */
function ratioMarks(at: (value: number) => number): readonly number[] {
  const kept: number[] = [];
  for (const ratio of RATIOS) {
    const isInside = at(ratio) > GLANCE_EDGE && at(ratio) < GLANCE_WIDTH - GLANCE_EDGE;
    if (isInside && kept.every((other) => Math.abs(at(other) - at(ratio)) >= RATIO_WIDTH)) kept.push(ratio);
  }
  return kept;
}

function ratioLabel(ratio: number): string {
  if (ratio === 1) return "equal";
  return ratio > 1 ? `× ${ratio}` : `÷ ${Math.round(1 / ratio)}`;
}

function axisOver(values: readonly number[]): Axis {
  const [from, to] = [Math.min(...values), Math.max(...values)];
  return createLogAxis({ from, to, start: EDGE + DOT, end: WIDTH - EDGE - DOT });
}

const DOT = 5;
/** A label that is centred on a tick nearer to an edge would be cut off. */
const LABEL_HALF = 24;

function ticks({ at, ticks: values }: Axis, unit: Unit, bottom: number): readonly Markup[] {
  return values.map((value) => {
    const x = at(value);
    const held = Math.min(Math.max(x, LABEL_HALF), WIDTH - LABEL_HALF);
    return html`<line class="grid" x1="${px(x)}" x2="${px(x)}" y1="${TOP + NAME_AT + 4}" y2="${bottom}"/><text class="tick" x="${px(held)}" y="${bottom + 15}">${formatValue(value, unit)}</text>`;
  });
}

interface PlotText {
  readonly title: string;
  readonly about: string;
  readonly height: number;
}

function plot({ title, about, height }: PlotText, content: readonly (Markup | readonly Markup[])[]): Markup {
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${title}</title><desc>${about}</desc>
${content}</svg>`;
}

function px(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
