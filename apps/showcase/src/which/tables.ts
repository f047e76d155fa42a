/** The tables of a run. */
import {
  type Comparison,
  type FaultOutcome,
  type Figure,
  type FigureValue,
  formatValue,
  type Side,
  standing,
  verdictLabel,
} from "eitherway/instrument";
import { element } from "../document.ts";
import type { ClockOffset } from "./clock-offset.ts";

const NOTHING = "–";

/** A row a figure, a column a side. The first side is what the others are judged by. */
export function figureTable({ sides, figures }: Comparison, clocks: ClockOffset | undefined): readonly HTMLElement[] {
  return [
    head(["Figure", ...sides.map(({ name }) => name)]),
    body(figures.map((figure) => figureRow(figure, sides, clocks))),
  ];
}

function figureRow(figure: Figure, sides: readonly Side[], clocks: ClockOffset | undefined): HTMLElement {
  const about = element("span", { className: "quiet", textContent: figure.about + uncertainty(figure, clocks) });
  const title = element("th", { scope: "row" }, [element("span", { textContent: figure.title }), about]);
  return element("tr", {}, [title, ...sides.map(({ id }) => figureCell(figure, figure.values[id]))]);
}

function uncertainty({ id }: Figure, clocks: ClockOffset | undefined): string {
  return id.startsWith("one-way") && clocks ? ` Wrong by up to ${formatValue(clocks.uncertainty, "ms")}.` : "";
}

function figureCell(figure: Figure, value: FigureValue | undefined): HTMLElement {
  if (!value) return element("td", { textContent: NOTHING });
  const { median, low, high } = value.summary;
  const cell = element("td", {}, [
    element("strong", { textContent: formatValue(median, figure.unit) }),
    element("span", {
      className: "quiet",
      textContent: `${formatValue(low, figure.unit)} to ${formatValue(high, figure.unit)}`,
    }),
  ]);
  const { verdict } = value;
  if (verdict) {
    const label = element("span", { className: "judged", textContent: verdictLabel(verdict) });
    label.dataset.standing = standing(figure, verdict);
    cell.append(label);
  }
  return cell;
}

/** A row a side. */
export function cutTable({ sides, faults }: Comparison): readonly HTMLElement[] {
  const nameOf = (id: string): string => sides.find((side) => side.id === id)?.name ?? id;
  return [
    head(["Transport", "Messages", "Lost", "Doubled", "Gaps", "Back after"]),
    body(faults.map((outcome) => cutRow(nameOf(outcome.side), outcome))),
  ];
}

function cutRow(name: string, { sent, lost, doubled, gaps, recoveredMs }: FaultOutcome): HTMLElement {
  const back = recoveredMs === undefined ? "not in time" : formatValue(recoveredMs, "ms");
  const cells = [sent, lost, doubled, gaps, back].map((text) => element("td", { textContent: String(text) }));
  return element("tr", {}, [element("th", { scope: "row", textContent: name }), ...cells]);
}

function head(titles: readonly string[]): HTMLElement {
  const cells = titles.map((textContent) => element("th", { scope: "col", textContent }));
  return element("thead", {}, [element("tr", {}, cells)]);
}

function body(rows: readonly HTMLElement[]): HTMLElement {
  return element("tbody", {}, rows);
}
