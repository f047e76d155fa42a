/** Compares what a reader got with what it had to get, and names what is lost, doubled, out of order or strange. */
import type { Gap, MessageMeta } from "../client/client-api.ts";
import { EitherwayError } from "../protocol/index.ts";

/** What a reader got: `harness.collect()` gives it. */
export interface Received {
  /** Who, for the report. */
  readonly label?: string;
  readonly data: readonly unknown[];
  /** Of each of `data`. */
  readonly metas: readonly MessageMeta[];
  readonly gaps?: readonly Gap[];
}

export type Equals = (left: unknown, right: unknown) => boolean;

interface Entry {
  readonly data: unknown;
  readonly meta: MessageMeta;
  /** The place among what was expected; `undefined`: nobody expected it. */
  place?: number;
}

/** Findings of one kind that a report shows. */
const MOST_SHOWN = 5;
/** Of a message in a report. */
const MOST_CHARACTERS = 120;

/**
 * What is wrong, a finding each; none: everything was received exactly once, in order.
 *
 * @throws EitherwayError `bad-request` for what nobody collected, or where no list is expected
 */
export function findFaults(received: Received, expected: readonly unknown[], equals: Equals): string[] {
  check(received, expected);
  const entries = received.data.map((data, i): Entry => ({ data, meta: received.metas[i] as MessageMeta }));
  const { first, again } = splitById(entries);
  const lost = assign(first, expected, equals);
  const strange = first.filter(({ place }) => place === undefined);
  const isTwice = (one: Entry) => first.some((other) => other.place !== undefined && equals(other.data, one.data));
  const stored = strange.filter(isTwice);
  return [
    ...list(lost, ({ place }) => `lost: ${show(expected[place])}, which had to come ${between(first, place)}`),
    ...list(again, (entry) => `doubled: ${named(entry)} came again`),
    ...list(
      stored,
      (entry) => `doubled: ${named(entry)} is another message with what came before: it was stored twice`,
    ),
    ...list(
      strange.filter((entry) => !stored.includes(entry)),
      (entry) => `strange: ${named(entry)} was not expected`,
    ),
    ...list(outOfOrder(first), (entry) => `reordered: ${named(entry)} came ${after(first, entry)}`),
  ];
}

/** The sentence for a person, above what was found. */
export function report(
  { label, data, gaps = [] }: Received,
  expected: readonly unknown[],
  faults: readonly string[],
): string {
  const who = label === undefined ? "" : `${label}: `;
  const declared = gaps.map(
    ({ why, oldest, head }) => `declared: a gap (${why}); kept from ${oldest}, goes on after ${head}`,
  );
  const head = `${who}received ${data.length} of ${expected.length} messages, not exactly once and in order`;
  return [head, ...[...faults, ...declared].map((line) => `  ${line}`)].join("\n");
}

function check(received: Partial<Received> | undefined, expected: unknown): void {
  if (!Array.isArray(received?.data) || !Array.isArray(received.metas)) {
    throw new EitherwayError(
      "bad-request",
      `What was received is ${show(received)}; give what harness.collect() gives.`,
    );
  }
  if (Array.isArray(expected)) return;
  throw new EitherwayError("bad-request", `What is expected is ${show(expected)}; give a list of payloads.`);
}

/** Messages without an id are of this moment, and may be alike. */
function splitById(entries: readonly Entry[]): { readonly first: Entry[]; readonly again: Entry[] } {
  const seen = new Set<string>();
  const first: Entry[] = [];
  const again: Entry[] = [];
  for (const entry of entries) {
    const { id } = entry.meta;
    if (id !== "" && seen.has(id)) again.push(entry);
    else first.push(entry);
    seen.add(id);
  }
  return { first, again };
}

/** Gives each entry the place of what it equals. The places that are left. */
function assign(entries: readonly Entry[], expected: readonly unknown[], equals: Equals): { readonly place: number }[] {
  const left = new Set(expected.keys());
  let next = 0;
  for (const entry of entries) {
    const place = left.has(next) && equals(entry.data, expected[next]) ? next : find(entry);
    if (place === undefined) continue;
    entry.place = place;
    left.delete(place);
    next = place + 1;
  }
  return [...left].map((place) => ({ place }));

  function find({ data }: Entry): number | undefined {
    for (const place of left) if (equals(data, expected[place])) return place;
    return undefined;
  }
}

/** The fewest that would have to move: all but a longest row of rising places. */
function outOfOrder(entries: readonly Entry[]): Entry[] {
  const placed = entries.filter(({ place }) => place !== undefined) as (Entry & { readonly place: number })[];
  /** At each length the row that ends lowest, as a list from its end. */
  const rows: { readonly entry: Entry & { readonly place: number }; readonly before: Row | undefined }[] = [];
  for (const entry of placed) {
    const isRising = entry.place > (rows.at(-1)?.entry.place ?? -1); // mostly: looking for its row would take far longer
    const length = isRising ? rows.length : rows.findIndex((row) => row.entry.place > entry.place);
    rows[length] = { entry, before: rows[length - 1] };
  }
  const kept = new Set<Entry>();
  for (let row: Row | undefined = rows.at(-1); row; row = row.before) kept.add(row.entry);
  return placed.filter((entry) => !kept.has(entry));
}

interface Row {
  readonly entry: Entry;
  readonly before: Row | undefined;
}

// --- words ---

function list<T>(findings: readonly T[], say: (finding: T) => string): string[] {
  const lines = findings.slice(0, MOST_SHOWN).map(say);
  const [kind] = lines[0]?.split(":") ?? [];
  return findings.length > MOST_SHOWN ? [...lines, `${kind}: and ${findings.length - MOST_SHOWN} more`] : lines;
}

function between(entries: readonly Entry[], place: number): string {
  const before = entries.findLast((entry) => entry.place !== undefined && entry.place < place);
  const behind = entries.find((entry) => entry.place !== undefined && entry.place > place);
  if (before && behind) return `after ${before.meta.id} and before ${behind.meta.id}`;
  if (before) return `after ${before.meta.id}`;
  return behind ? `before ${behind.meta.id}` : "at all";
}

function after(entries: readonly Entry[], entry: Entry): string {
  const before = entries[entries.indexOf(entry) - 1];
  return before ? `after ${named(before)}` : "first";
}

function named({ data, meta }: Entry): string {
  return `${show(data)} (${meta.event} ${meta.id || "without an id"})`;
}

function show(data: unknown): string {
  const text = data instanceof Uint8Array ? `${data.length} bytes` : (JSON.stringify(data) ?? String(data));
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
