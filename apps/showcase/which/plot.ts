/**
 * Plots of a figure: a lane a side, a dot a round. Along a scale of logarithms equal distances are equal ratios, which is what the
 * verdicts judge. For eyes only: the table has the same numbers, and so have the texts beside the lanes.
 */
import { type Figure, type FigureValue, formatValue, type Side } from "eitherway/instrument";
import { element } from "./document.ts";

const SVG = "http://www.w3.org/2000/svg";
const LANE_PX = 36;
const LANE_GAP_PX = 8;
const AXIS_PX = 22;
const DOT_PX = 3.5;
/** Dots of neighbouring rounds stand apart, or they would hide each other. */
const ROWS = 5;
const ROW_PX = 5;
/** Room to both sides of the outermost dots, in percent of the width. */
const MARGIN = 3;
const FULL = 100;

export function plotOf(figure: Figure, sides: readonly Side[]): HTMLElement {
  const scale = scaleOf(sides.flatMap(({ id }) => numbersOf(figure.values[id])));
  const lanes = sides.flatMap((side) => {
    const value = figure.values[side.id];
    return value ? [lane(side, value, figure, scale)] : [];
  });
  return element("figure", { className: "plot" }, [
    element("figcaption", { className: "title", textContent: figure.title }),
    element("div", { className: "lanes" }, [...lanes.flat(), ...axis(figure, scale)]),
  ]);
}

function lane(side: Side, value: FigureValue, { unit }: Figure, scale: Scale): readonly HTMLElement[] {
  const picture = svg("svg", { height: LANE_PX, width: "100%", "aria-hidden": "true", class: `lane ${side.id}` });
  const { low, median, high } = value.summary;
  picture.append(...scale.ticks.map((tick) => line("grid", scale.place(tick), LANE_PX)));
  picture.append(
    svg("rect", {
      class: "middle-half",
      x: `${scale.place(low)}%`,
      width: `${scale.place(high) - scale.place(low)}%`,
      y: LANE_GAP_PX / 2,
      height: LANE_PX - LANE_GAP_PX,
    }),
  );
  value.rounds.forEach((number, round) => {
    if (number === null || number <= 0) return;
    const y = LANE_PX / 2 + ((round % ROWS) - (ROWS - 1) / 2) * ROW_PX;
    picture.append(svg("circle", { cx: `${scale.place(number)}%`, cy: y, r: DOT_PX }));
  });
  picture.append(line("median", scale.place(median), LANE_PX - LANE_GAP_PX / 2, LANE_GAP_PX / 2));
  return [
    element("span", { className: "lane-name", textContent: side.name }),
    element("div", {}, [picture]),
    element("span", { className: "lane-value", textContent: formatValue(median, unit) }),
  ];
}

function axis({ unit }: Figure, scale: Scale): readonly HTMLElement[] {
  const picture = svg("svg", { height: AXIS_PX, width: "100%", "aria-hidden": "true", class: "axis" });
  for (const tick of scale.ticks) {
    const text = svg("text", { x: `${scale.place(tick)}%`, y: AXIS_PX - ROW_PX, "text-anchor": "middle" });
    text.textContent = formatValue(tick, unit);
    picture.append(text);
  }
  return [element("span", {}), element("div", {}, [picture]), element("span", {})];
}

interface Scale {
  readonly ticks: readonly number[];
  /** In percent of the width. */
  place(value: number): number;
}

const STEPS = [1, 2, 5];
/** More would touch each other on a phone. */
const MOST_TICKS = 4;
const DECADE = 10;

function scaleOf(numbers: readonly number[]): Scale {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const steps = stepsAround(least, most);
  const [low, high] = [steps[0] as number, steps.at(-1) as number];
  const every = Math.ceil((steps.length - 1) / (MOST_TICKS - 1));
  const width = Math.log(high / low);
  return {
    ticks: steps.filter((_, place) => place % every === 0),
    place: (value) => MARGIN + ((FULL - 2 * MARGIN) * Math.log(Math.max(value, low) / low)) / width,
  };
}

/** Round numbers, from the last one below all to the first one above. */
function stepsAround(least: number, most: number): readonly number[] {
  const first = Math.floor(Math.log10(least));
  const last = Math.ceil(Math.log10(most)) + 1;
  const all: number[] = [];
  for (let power = first; power <= last; power++) all.push(...STEPS.map((step) => step * DECADE ** power));
  const from = all.findLastIndex((step) => step <= least);
  const to = all.findIndex((step) => step >= most);
  return all.slice(Math.max(0, from), Math.max(to, from + 1) + 1);
}

function numbersOf(value: FigureValue | undefined): readonly number[] {
  return (value?.rounds ?? []).filter((number) => number !== null && number > 0) as readonly number[];
}

function line(className: string, place: number, to: number, from = 0): SVGElement {
  return svg("line", { class: className, x1: `${place}%`, x2: `${place}%`, y1: from, y2: to });
}

function svg(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
