/** A comparison in a terminal: a table of 80 columns, then what it comes to. */
import {
  type Comparison,
  conclusions,
  type FaultOutcome,
  type Figure,
  formatValue,
  ROW_TITLES,
  type Row,
  type Side,
  standing,
} from "../../instrument/index.ts";
import { COLUMNS, wrapped } from "../wrapped.ts";

const TITLE_WIDTH = 32;
const MARKS = { better: "+", worse: "-", even: "=" } as const;

export function tableLines(comparison: Comparison): readonly string[] {
  const { made, sides, figures, faults, browser } = comparison;
  const lines = [
    ...(made.partial === undefined ? [] : [`PARTIAL: ${made.partial}`, ""]),
    ...wrapped(
      `${made.rounds} rounds in ${Math.round(made.seconds)} s, ${made.between}${made.shape ? `, ${made.shape}` : ""}.`,
    ),
    ...wrapped(made.machine),
    "",
    row(
      "",
      sides.map(({ name }) => name),
    ),
  ];
  for (const [name, title] of Object.entries(ROW_TITLES) as [Row, string][]) {
    const part = [
      ...figures.filter((figure) => figure.row === name).map((figure) => figureLine(figure, sides)),
      ...(name === "browser" && browser
        ? browser.limits.map(({ title: what, open, atLeast }) => row(what, [`${atLeast ? ">= " : ""}${open}`]))
        : []),
      ...(name === "reconnection" ? faultLines(faults, sides) : []),
    ];
    if (part.length > 0) lines.push("", title, ...part);
  }
  const sentences = conclusions(comparison);
  lines.push(
    "",
    ...wrapped(
      `Medians of rounds; ${MARKS.better} better, ${MARKS.worse} worse, ${MARKS.even} no difference shown against ${sides[0]?.name}; without a mark: not judged.`,
    ),
  );
  for (const sentence of sentences) lines.push("", ...wrapped(sentence));
  return lines;
}

function figureLine({ title, unit, values, better }: Figure, sides: readonly Side[]): string {
  return row(
    title,
    sides.map(({ id }) => {
      const value = values[id];
      if (!value) return "-";
      const mark =
        value.verdict && value.verdict.outcome !== "unjudged" ? ` ${MARKS[standing({ better }, value.verdict)]}` : "";
      return `${formatValue(value.summary.median, unit)}${mark}`;
    }),
  );
}

function faultLines(faults: readonly FaultOutcome[], sides: readonly Side[]): readonly string[] {
  const names = [...new Set(faults.map(({ fault }) => fault))];
  return names.flatMap((name) => {
    const of = (side: Side) => faults.find(({ fault, side: id }) => fault === name && id === side.id);
    const cell = (side: Side, what: (outcome: FaultOutcome) => string) => {
      const outcome = of(side);
      return outcome ? what(outcome) : "-";
    };
    const ms = (value: number | undefined, otherwise: string) =>
      value === undefined ? otherwise : formatValue(value, "ms");
    return [
      row(
        `${name}: noticed after`,
        sides.map((side) => cell(side, ({ detectedMs }) => ms(detectedMs, "never"))),
      ),
      row(
        `${" ".repeat(name.length)}  back after`,
        sides.map((side) => cell(side, ({ recoveredMs }) => ms(recoveredMs, "not in time"))),
      ),
      row(
        `${" ".repeat(name.length)}  lost, doubled, gaps`,
        sides.map((side) => cell(side, ({ lost, doubled, gaps }) => `${lost}, ${doubled}, ${gaps}`)),
      ),
    ];
  });
}

function row(title: string, cells: readonly string[]): string {
  const width = Math.max(Math.floor((COLUMNS - TITLE_WIDTH) / Math.max(cells.length, 1)), MIN_CELL);
  return (
    `${title === "" ? "" : `  ${title}`}`.padEnd(TITLE_WIDTH) +
    cells.map((cell) => cell.padStart(Math.min(width, MAX_CELL))).join("")
  );
}

const MIN_CELL = 11;
const MAX_CELL = 16;
