/** The tables of a run. */
import {
  type ClockOffset,
  type Comparison,
  type FaultOutcome,
  type Figure,
  type FigureValue,
  formatValue,
  type Side,
  standing,
  type Unit,
  verdictLabel,
} from "eitherway/instrument";
import { element } from "./document.ts";

const NOTHING = "–";

/** A row a figure, and one for what was held back; a column a side. The first side is what the others are judged by. */
export function figureTable(comparison: Comparison, clocks: ClockOffset | undefined): readonly HTMLElement[] {
  const { sides, figures } = comparison;
  return [
    head(["Figure", ...sides.map(({ name }) => name)]),
    body([...figures.map((figure) => figureRow(figure, sides, clocks)), heldRow(comparison)]),
  ];
}

function figureRow(figure: Figure, sides: readonly Side[], clocks: ClockOffset | undefined): HTMLElement {
  const about = figure.about + uncertainty(figure, clocks);
  return element("tr", {}, [
    rowTitle(figure.title, about),
    ...sides.map(({ id }) => figureCell(figure, figure.values[id])),
  ]);
}

function uncertainty({ id }: Figure, clocks: ClockOffset | undefined): string {
  return id.startsWith("one-way") && clocks ? ` Wrong by up to ${formatValue(clocks.uncertainty, "ms")}.` : "";
}

function figureCell(figure: Figure, value: FigureValue | undefined): HTMLElement {
  if (!value) return element("td", { textContent: NOTHING });
  const { median, low, high } = value.summary;
  const cell = element("td", {}, [
    element("strong", { textContent: formatValue(median, figure.unit) }),
    element("span", { className: "quiet", textContent: formatRange(low, high, figure.unit) }),
  ]);
  const { verdict } = value;
  if (verdict) {
    const label = element("span", { className: "judged", textContent: verdictLabel(verdict) });
    label.dataset.standing = standing(figure, verdict);
    cell.append(label);
  }
  return cell;
}

/** The unit once, where it is the same: `1.67–2.04 ms`. */
function formatRange(low: number, high: number, unit: Unit): string {
  const [from, to] = [formatValue(low, unit), formatValue(high, unit)];
  const [number = from] = /^[\d.,]+/.exec(from) ?? [];
  return to.endsWith(from.slice(number.length)) ? `${number}–${to}` : `${from}–${to}`;
}

function heldRow({ sides, figures, findings }: Comparison): HTMLElement {
  const delivery = figures.find(({ id }) => id === "delivery.p50");
  const cells = sides.map(({ id }) => {
    const found = findings.find(
      (finding) => finding.side === id && (finding.id === "buffering" || finding.id === "stalls"),
    );
    const tail = delivery?.values[id]?.tail;
    if (found?.id === "buffering") return heldCell(`up to ${formatValue(found.value, "ms")}`);
    if (!tail) return heldCell(NOTHING);
    const latest = `latest ${formatValue(tail.max - tail.p50, "ms")} after the usual`;
    return heldCell(found ? "by stalls" : "nothing", latest);
  });
  const about = "Whether something between collects messages and lets go of them in bunches, or stops now and then.";
  return element("tr", {}, [rowTitle("held back", about), ...cells]);
}

function heldCell(says: string, evidence = ""): HTMLElement {
  return element("td", {}, [
    element("strong", { textContent: says }),
    element("span", { className: "quiet", textContent: evidence }),
  ]);
}

function rowTitle(title: string, about: string): HTMLElement {
  return element("th", { scope: "row" }, [
    element("span", { className: "title", textContent: title }),
    element("span", { className: "quiet", textContent: about }),
  ]);
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
