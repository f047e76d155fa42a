/** A chart of the last ten minutes: uPlot on a canvas, its words beside it. */
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import { FIGURES } from "./figures.ts";
import { columnsOf, type Series, summaryOf, WINDOW_MS } from "./series.ts";
import { textOf } from "./wording.ts";

export interface ChartProps {
  readonly title: string;
  /** Names of figures with one unit, at most three. */
  readonly figures: readonly string[];
  readonly series: Series;
}

const HEIGHT = 152;
const AXIS = { y: 64, x: 28 };
/** Room above the highest point. */
const HEADROOM = 1.1;
/** Between the lines of a chart of bytes: whole kB, MB and GB. */
const BINARY_STEPS = Array.from({ length: 48 }, (_, power) => 2 ** power);
const MS_PER_SECOND = 1_000;
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

export function Chart({ title, figures, series }: ChartProps) {
  const places = useMemo(() => figures.map((name) => FIGURES.findIndex((figure) => figure.name === name)), [figures]);
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = useMemo(() => columnsOf(series, places) as uPlot.AlignedData, [series, places]);
  const newest = useRef(data);
  newest.current = data;

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, places), newest.current, element);
    };
    make();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [places]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <figure className="chart">
      <figcaption>
        <h2>{title}</h2>
        <dl>
          {places.map((place, line) => (
            <Line key={place} line={line} place={place} series={series} />
          ))}
        </dl>
      </figcaption>
      <div className="plot" ref={frame} aria-hidden="true" />
    </figure>
  );
}

/** What the line says, for those who do not see it and those who do. */
function Line({ line, place, series }: { readonly line: number; readonly place: number; readonly series: Series }) {
  const figure = FIGURES[place];
  if (!figure) return null;
  const { now, least, most } = summaryOf(series, place);
  return (
    <div data-line={line}>
      <dt>{figure.label}</dt>
      <dd>
        <b>{textOf(now, figure.unit)}</b>
        <span className="quiet">{`${textOf(least, figure.unit)} to ${textOf(most, figure.unit)}`}</span>
      </dd>
    </div>
  );
}

/** Colours are those of the page: a canvas does not know them. */
function optionsOf(element: HTMLElement, places: readonly number[]): uPlot.Options {
  const { color: ink, borderTopColor: edge } = getComputedStyle(element);
  const unit = FIGURES[places[0] ?? -1]?.unit ?? "number";
  const axis = { stroke: ink, grid: { stroke: edge, width: 1 }, ticks: { show: false } };
  const lines = element.parentElement?.querySelectorAll("[data-line]") ?? [];
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: true, range: (_plot, _least, most) => windowUpTo(most || Date.now() / MS_PER_SECOND) },
      y: { range: (_plot, _least, most) => [0, most > 0 ? most * HEADROOM : 1] },
    },
    axes: [
      {
        ...axis,
        size: AXIS.x,
        space: 64,
        values: (_plot, moments) => moments.map((at) => TIME.format(at * MS_PER_SECOND)),
      },
      {
        ...axis,
        size: AXIS.y,
        space: 40,
        values: (_plot, values) => values.map((value) => textOf(value, unit)),
        ...(unit === "bytes" && { incrs: [...BINARY_STEPS] }),
      },
    ],
    series: [
      {},
      ...[...lines].map((line) => ({
        stroke: getComputedStyle(line).color,
        width: 1.5,
        points: { show: false },
        spanGaps: false, // where samples are missing, nothing is drawn
      })),
    ],
  };
}

function windowUpTo(newest: number): [number, number] {
  return [newest - WINDOW_MS / MS_PER_SECOND, newest];
}
