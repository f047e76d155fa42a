/** Collects numbers of rounds, per figure and side, until they are judged. */
import { type Figure, type FigureKind, judgeFigures, type Side } from "./comparison.ts";
import { type Tail, tailOf } from "./sample.ts";

export interface Tally<Name extends string> {
  /** One number a figure, side and round; what is not put is `null`. */
  put(side: string, round: number, numbers: Partial<Record<Name, number>>): void;
  /** Delays of a round's single messages, for the tail over all rounds. */
  putDelays(side: string, name: Name, values: readonly number[]): void;
  /** What was put, round by round. */
  delays(side: string, name: Name): readonly (readonly number[])[];
  figures(sides: readonly Side[]): readonly Figure[];
}

/** @param kinds all that can be put, in the order in which they are shown */
export function createTally<Name extends string>(kinds: Readonly<Record<Name, FigureKind>>): Tally<Name> {
  const rounds = new Map<Name, Record<string, (number | null)[]>>();
  const delays = new Map<Name, Record<string, (readonly number[])[]>>();

  function tails(name: Name): Record<string, Tail | undefined> {
    return Object.fromEntries(Object.entries(delays.get(name) ?? {}).map(([side, all]) => [side, tailOf(all.flat())]));
  }

  return {
    put(side, round, numbers) {
      for (const [name, value] of Object.entries(numbers) as [Name, number][]) {
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
      const names = (Object.keys(kinds) as Name[]).filter((name) => rounds.has(name));
      return judgeFigures(
        sides,
        names.map((name) => [kinds[name], { rounds: rounds.get(name) ?? {}, tails: tails(name) }] as const),
      );
    },
  };
}

function listOf<Name, Value>(all: Map<Name, Record<string, Value[]>>, name: Name, side: string): Value[] {
  const sides = all.get(name) ?? {};
  all.set(name, sides);
  sides[side] ??= [];
  return sides[side];
}
