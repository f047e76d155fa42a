/**
 * Charts as SVG text: bars and lines, no script, their own background, so that they can be read in light and in dark mode wherever
 * they are shown. Axes begin at 0, every value is written beside its mark, and the rounds' range is a whisker.
 */
import { digits } from "./figures.js";

/**
 * @typedef {import("./summary.js").Summary} Summary
 * @typedef {"ours" | "peer" | "limit"} Role
 *
 * @typedef {object} Bar
 * @property {string} label
 * @property {Role} role
 * @property {Pick<Summary, "median" | "low" | "high">} value
 *
 * @typedef {object} Panel each has an axis of its own
 * @property {string} title
 * @property {string} unit
 * @property {readonly Bar[]} bars
 *
 * @typedef {object} Line
 * @property {string} label
 * @property {Role} role
 * @property {readonly (Pick<Summary, "median" | "low" | "high"> | undefined)[]} values one for each step of the axis
 */

const WIDTH = 640;
const MARGIN = 16;
const LINE = 22; // height of a bar with its distance
const BAR = 14;
const TITLE_SPACE = 34;
const PANEL_TITLE = 26;
const AXIS = 24;
const LABELS = 150; // left of the bars
const VALUES = 76; // right of the longest one
const CAP = 4; // half of a whisker's end
const TEXT_DROP = 4; // from the middle of a line to the foot of its text
const AXIS_STEPS = [1, 1.5, 2, 3, 4, 6, 8, 10];
const LINES_HEIGHT = 260;
const LINES_RIGHT = 150; // names of the lines
const LABEL = 16; // the least between two of them

const LIGHT = {
  ground: "#fff",
  ink: "#1f2328",
  soft: "#59636e",
  axis: "#d0d7de",
  ours: "#0969da",
  peer: "#8c959f",
  limit: "#bfc7d0",
};
const DARK = {
  ground: "#0d1117",
  ink: "#e6edf3",
  soft: "#9198a1",
  axis: "#3d444d",
  ours: "#4493f8",
  peer: "#7d8590",
  limit: "#59636e",
};

const STYLE = `<style>
text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.panel{font-weight:600}
.line{fill:none;stroke-width:2}.whisker,.axis{fill:none}
${colours(LIGHT)}
@media (prefers-color-scheme:dark){
${colours(DARK)}
}
</style>`;

/**
 * Panels of horizontal bars, one below the other.
 * @param {string} title
 * @param {readonly Panel[]} panels
 */
export function barChart(title, panels) {
  let top = TITLE_SPACE + MARGIN;
  const parts = panels.map((panel) => {
    const drawn = barPanel(panel, top);
    top += PANEL_TITLE + panel.bars.length * LINE + AXIS;
    return drawn;
  });
  return svg(title, barWords(title, panels), top, parts.join("\n"));
}

/**
 * What the chart says, for those who do not see it.
 * @param {string} title
 * @param {readonly Panel[]} panels
 */
export function barWords(title, panels) {
  const said = panels.map(
    ({ title: name, unit, bars }) =>
      `${name}, ${unit}: ${bars.map(({ label, value }) => `${label} ${digits(value.median)}`).join(", ")}`,
  );
  return `${title}. ${said.join(". ")}.`;
}

/**
 * Lines over steps that are evenly far from each other.
 * @param {string} title
 * @param {readonly string[]} steps
 * @param {readonly Line[]} lines
 */
export function lineChart(title, steps, lines) {
  const top = TITLE_SPACE + MARGIN;
  const bottom = top + LINES_HEIGHT;
  const [left, right] = [LABELS / 2, WIDTH - MARGIN - LINES_RIGHT];
  const most = axisEnd(Math.max(...lines.flatMap(({ values }) => values.map((value) => value?.high ?? 0))));
  const x = (/** @type {number} */ step) => left + ((right - left) * step) / Math.max(1, steps.length - 1);
  const y = (/** @type {number} */ value) => bottom - (LINES_HEIGHT * value) / most;
  const ends = apart(lines.map(({ values }) => y(values.findLast((value) => value !== undefined)?.median ?? 0)));
  const drawn = lines.map(({ label, role, values }, nth) => {
    const points = values.flatMap((value, step) => (value ? [{ x: x(step), value }] : []));
    const last = points.at(-1);
    return [
      `<polyline class="line ${role}" points="${points.map((point) => `${round(point.x)},${round(y(point.value.median))}`).join(" ")}"/>`,
      ...points.map(
        ({ x: at, value }) =>
          `<circle class="bar ${role}" cx="${round(at)}" cy="${round(y(value.median))}" r="4"/>` +
          `<path class="whisker" d="M${round(at)} ${round(y(value.low))}V${round(y(value.high))}"/>`,
      ),
      last ? text(right + MARGIN, (ends[nth] ?? 0) + TEXT_DROP, `${label} ${digits(last.value.median)}`) : "",
    ].join("\n");
  });
  const axis = [0, most / 2, most].map(
    (value) =>
      `<path class="axis" d="M${left} ${round(y(value))}H${right}"/>` +
      text(left - CAP * 2, y(value) + TEXT_DROP, digits(value), "soft", "end"),
  );
  const feet = steps.map((step, nth) => text(x(nth), bottom + LINE, step, "soft", "middle"));
  return svg(
    title,
    lineWords(title, steps, lines),
    bottom + AXIS,
    [...axis, ...feet, ...drawn.toReversed()].join("\n"),
  );
}

/**
 * @param {string} title
 * @param {readonly string[]} steps
 * @param {readonly Line[]} lines
 */
export function lineWords(title, steps, lines) {
  const said = lines.map(({ label, values }) => {
    const points = values.flatMap((value, nth) => (value ? [`${steps[nth]}: ${digits(value.median)}`] : []));
    return `${label}: ${points.join(", ")}`;
  });
  return `${title}. ${said.join(". ")}.`;
}

/**
 * @param {Panel} panel
 * @param {number} top
 */
function barPanel({ title, unit, bars }, top) {
  const most = axisEnd(Math.max(...bars.map(({ value }) => value.high)));
  const [left, right] = [MARGIN + LABELS, WIDTH - MARGIN - VALUES];
  const x = (/** @type {number} */ value) => left + ((right - left) * value) / most;
  const first = top + PANEL_TITLE - LINE / 2;
  const foot = first + bars.length * LINE;
  const drawn = bars.map(({ label, role, value: { median, low, high } }, nth) => {
    const middle = first + nth * LINE + LINE / 2;
    return [
      text(left - CAP * 2, middle + TEXT_DROP, label, undefined, "end"),
      `<rect class="bar ${role}" x="${left}" y="${round(middle - BAR / 2)}" width="${round(x(median) - left)}" height="${BAR}"/>`,
      `<path class="whisker" d="M${round(x(low))} ${middle}H${round(x(high))}M${round(x(low))} ${middle - CAP}v${CAP * 2}M${round(x(high))} ${middle - CAP}v${CAP * 2}"/>`,
      text(x(high) + CAP * 2, middle + TEXT_DROP, digits(median)),
    ].join("\n");
  });
  return [
    text(MARGIN, top, `${title}, ${unit}`, "panel"),
    `<path class="axis" d="M${left} ${first}V${foot}H${right}"/>`,
    text(left, foot + BAR, "0", "soft", "middle"),
    text(right, foot + BAR, digits(most), "soft", "middle"),
    ...drawn,
  ].join("\n");
}

/**
 * @param {string} title
 * @param {string} words
 * @param {number} height
 * @param {string} inside
 */
function svg(title, words, height, inside) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${escaped(words)}</title>
${STYLE}
<rect class="ground" width="${WIDTH}" height="${height}"/>
${text(MARGIN, TITLE_SPACE - TEXT_DROP * 2, title, "title")}
${inside}
</svg>
`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} words
 * @param {string} [name] of a class
 * @param {"start" | "middle" | "end"} [anchor]
 */
function text(x, y, words, name, anchor = "start") {
  const style = name === undefined ? "" : ` class="${name}"`;
  return `<text${style} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

/** @param {typeof LIGHT} palette */
function colours({ ground, ink, soft, axis, ours, peer, limit }) {
  const marks = Object.entries({ ours, peer, limit });
  return [
    `text{fill:${ink}}.soft{fill:${soft}}.ground{fill:${ground}}.whisker{stroke:${ink}}.axis{stroke:${axis}}`,
    ...marks.map(([name, colour]) => `.bar.${name}{fill:${colour}}.line.${name}{stroke:${colour}}`),
  ].join("\n");
}

/** The next round number. @param {number} value */
function axisEnd(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (AXIS_STEPS.find((step) => step * power >= value) ?? 10);
}

/**
 * Heights of labels, moved down where two would overlap; their order is kept.
 * @param {readonly number[]} heights
 */
function apart(heights) {
  const placed = [...heights];
  const order = heights.map((_, nth) => nth).sort((one, other) => (heights[one] ?? 0) - (heights[other] ?? 0));
  let free = 0;
  for (const nth of order) {
    placed[nth] = Math.max(heights[nth] ?? 0, free);
    free = (placed[nth] ?? 0) + LABEL;
  }
  return placed;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} words */
function escaped(words) {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
