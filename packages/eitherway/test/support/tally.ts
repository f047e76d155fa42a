/** What random runs did, so that none of their claims rests on cases that never came up. */

export interface Tally<Group extends string> {
  count(group: Group, name: string, by?: number): void;
  of(group: Group, name: string): number;
  /** One row a name, groups in the order given. */
  table(groups: readonly Group[]): string;
}

const NAME_WIDTH = 30;
const COUNT_WIDTH = 12;

export function createTally<Group extends string>(): Tally<Group> {
  const counts = new Map<Group, Map<string, number>>();

  function count(group: Group, name: string, by = 1): void {
    let rows = counts.get(group);
    if (!rows) {
      rows = new Map();
      counts.set(group, rows);
    }
    rows.set(name, (rows.get(name) ?? 0) + by);
  }

  function table(groups: readonly Group[]): string {
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
