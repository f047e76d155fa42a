/** What the runs of the model did, so that none of its claims rests on cases that never came up. */

/** `command`, `transition`, `gap` and `trim` are what the model must have seen often; the rest is told for people. */
export type TallyGroup = "command" | "transition" | "gap" | "trim" | "outcome";

export interface Tally {
  count(group: TallyGroup, name: string, by?: number): void;
  of(group: TallyGroup, name: string): number;
  /** One row a name, groups in the order given. */
  table(groups: readonly TallyGroup[]): string;
}

const NAME_WIDTH = 30;
const COUNT_WIDTH = 12;

export function createTally(): Tally {
  const counts = new Map<TallyGroup, Map<string, number>>();

  function count(group: TallyGroup, name: string, by = 1): void {
    let rows = counts.get(group);
    if (!rows) {
      rows = new Map();
      counts.set(group, rows);
    }
    rows.set(name, (rows.get(name) ?? 0) + by);
  }

  function table(groups: readonly TallyGroup[]): string {
    const lines = groups.flatMap((group) => {
      const rows = [...(counts.get(group) ?? [])].sort(([a], [b]) => a.localeCompare(b));
      return [
        group,
        ...rows.map(([name, n]) => `  ${name.padEnd(NAME_WIDTH)}${n.toLocaleString("en-US").padStart(COUNT_WIDTH)}`),
      ];
    });
    return lines.join("\n");
  }

  return { count, of: (group, name) => counts.get(group)?.get(name) ?? 0, table };
}
