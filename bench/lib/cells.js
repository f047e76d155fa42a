/** Cells by where they stand in the results. */
import { samplesOf } from "./summary.js";

/**
 * @typedef {import("./types.js").Cell} Cell
 * @typedef {Pick<Cell, "scenario" | "variant" | "peer" | "dialect">} CellPlace
 */

/**
 * @param {readonly Cell[]} cells
 * @param {CellPlace} place
 */
export function cellAt(cells, { scenario, variant, peer, dialect }) {
  return cells.find(
    (cell) => cell.scenario === scenario && cell.variant === variant && cell.peer === peer && cell.dialect === dialect,
  );
}

/**
 * None where there is no such cell.
 * @param {readonly Cell[]} cells
 * @param {CellPlace} place
 * @param {import("./figures.js").Figure} figure
 */
export function samplesAt(cells, place, figure) {
  return samplesOf(cellAt(cells, place)?.rounds ?? [], figure);
}
