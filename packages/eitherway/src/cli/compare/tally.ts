/** Collects numbers of rounds, per figure and side, until they are judged. */
import { type Figure, judgeFigures, type Side, type Tail, tailOf } from "../../instrument/index.ts";
import { FIGURES, type FigureName } from "./figure-kinds.ts";

export interface Tally {
  /** One number a figure, side and round; what is not put is `null`. */
  put(side: string, round: number, numbers: Partial<Record<FigureName, number>>): void;
  /** Delays of a round's single messages, for the tail over all rounds. */
  putDelays(side: string, name: FigureName, values: readonly number[]): void;
  /** What was put, round by round. */
  delays(side: string, name: FigureName): readonly (readonly number[])[];
  figures(sides: readonly Side[]): readonly Figure[];
}

export function createTally(): Tally {
  const rounds = new Map<FigureName, Record<string, (number | null)[]>>();
  const delays = new Map<FigureName, Record<string, (readonly number[])[]>>();

  function tails(name: FigureName): Record<string, Tail | undefined> {
    return Object.fromEntries(Object.entries(delays.get(name) ?? {}).map(([side, all]) => [side, tailOf(all.flat())]));
  }

  return {
    put(side, round, numbers) {
      for (const [name, value] of Object.entries(numbers) as [FigureName, number][]) {
        const row = listOf(rounds, name, side);
        while (row.length < round) row.push(null);
        row[round] = value;
      }
    },
    putDelays(side, name, values) {
      listOf(delays, name, side).push(values);
    },
    delays: (side, name) => delays.get(name)?.[side] ?? [],
    figures(sides) {
      const names = (Object.keys(FIGURES) as FigureName[]).filter((name) => rounds.has(name));
      return judgeFigures(
        sides,
        names.map((name) => [FIGURES[name], { rounds: rounds.get(name) ?? {}, tails: tails(name) }] as const),
      );
    },
  };
}

function listOf<Value>(all: Map<FigureName, Record<string, Value[]>>, name: FigureName, side: string): Value[] {
  const sides = all.get(name) ?? {};
  all.set(name, sides);
  sides[side] ??= [];
  return sides[side];
}
