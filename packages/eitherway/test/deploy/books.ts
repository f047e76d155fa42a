/**
 * What was acknowledged against what each subscriber got: a ledger of each transport, and what no ledger sees, since it looks at each epoch
 * for itself: an epoch that changed without a gap, a gap that nothing called for, epochs in another order, an id of two contents.
 */
import { type Epoch, type Id, parseId } from "../../src/protocol/index.ts";
import { createDeliveryLedger, type DeliveryLedger, DIALECTS, type Dialect } from "../../src/testing/index.ts";

export interface Books extends Pick<DeliveryLedger, "acked" | "uncertain"> {
  /** Somebody who has to see all that is acknowledged on a channel. */
  reader(dialect: Dialect, channel: string): BookReader;
  /** How many publishes are acknowledged. */
  readonly acknowledged: number;
  /** Whether everybody has what was acknowledged up to now, or was told of a gap. */
  complete(): boolean;
  account(): Account;
}

export interface BookReader {
  /** @param content `<client>.<number>`: numbers of a client go up */
  received(id: Id, content: string): void;
  gap(head: Id, why: string): void;
}

export interface Account {
  /** Whatever is not as it has to be, in words: empty where all is well. */
  readonly findings: readonly string[];
  /** Gaps that one reader was told at most. */
  readonly mostGaps: number;
  /** Gaps that one reader was told at least. */
  readonly leastGaps: number;
  /** Expected against received, a line of each transport. */
  readonly lines: readonly string[];
}

const MOST_FINDINGS = 20;

export function openBooks(): Books {
  const ledgers = new Map(DIALECTS.map(({ transport }) => [transport, createDeliveryLedger()]));
  const readers: Page[] = [];
  const findings: string[] = [];
  const contents = new Map<string, Map<Id, string>>();
  let acknowledged = 0;

  function find(text: string): void {
    if (findings.length < MOST_FINDINGS) findings.push(text);
  }

  /** An id never names two contents, whoever saw it and however it was lost (P4). */
  function name(channel: string, id: Id, content: string): void {
    const known = contents.get(channel) ?? new Map<Id, string>();
    contents.set(channel, known);
    const first = known.get(id);
    if (first === undefined) known.set(id, content);
    else if (first !== content) find(`${id} of ${channel} names ${first} and ${content}`);
  }

  return {
    get acknowledged() {
      return acknowledged;
    },
    acked(channel, id, content) {
      acknowledged++;
      name(channel, id, String(content));
      for (const ledger of ledgers.values()) ledger.acked(channel, id, content);
    },
    uncertain(...given) {
      for (const ledger of ledgers.values()) ledger.uncertain(...given);
    },
    reader(dialect, channel) {
      const title = `${dialect.name} ${readers.length} on ${channel}`;
      const entry = ledgerOf(ledgers, dialect).reader(title, channel);
      const page = createPage({ title, channel, transport: dialect.transport }, find);
      readers.push(page);
      return {
        received(id, content) {
          name(channel, id, content);
          page.received(id, content);
          entry.received(id, content);
        },
        gap(head, why) {
          page.gap(head, why);
          entry.gap(head);
        },
      };
    },
    complete: () => [...ledgers.values()].every((ledger) => ledger.complete),
    account() {
      const gaps = readers.map((reader) => reader.gaps);
      return {
        findings: [...findings, ...wrongOf(ledgers), ...crossings(readers)],
        mostGaps: Math.max(0, ...gaps),
        leastGaps: Math.min(...gaps),
        lines: [...ledgers].map(([transport, ledger]) => lineOf(transport, ledger, readers)),
      };
    },
  };
}

// --- what one reader saw ---

interface Page extends BookReader {
  readonly title: string;
  readonly channel: string;
  readonly transport: string;
  readonly gaps: number;
  /** Epochs in the order in which it was in them. */
  readonly epochs: readonly Epoch[];
}

function createPage(of: Pick<Page, "title" | "channel" | "transport">, find: (text: string) => void): Page {
  const epochs: Epoch[] = [];
  let seen = new Set<string>();
  let last = new Map<string, number>();
  let gaps = 0;

  function enter(epoch: Epoch): void {
    if (epochs.includes(epoch)) find(`${of.title} came back to ${epoch}`);
    epochs.push(epoch);
    seen = new Set();
    last = new Map();
  }

  /** In the order in which its client sent it (P5). */
  function follow(content: string): void {
    const [client = "", number] = content.split(".");
    if (Number(number) < (last.get(client) ?? 0))
      find(`${of.title} saw ${content} after ${client}.${last.get(client)}`);
    last.set(client, Number(number));
  }

  return {
    ...of,
    epochs,
    get gaps() {
      return gaps;
    },
    received(id, content) {
      const epoch = epochOf(id);
      if (epoch !== epochs.at(-1)) {
        if (epochs.length > 0) find(`${of.title} was not told that ${epochs.at(-1)} ended before ${id}`);
        enter(epoch);
      }
      if (seen.has(content)) find(`${of.title} saw ${content} twice in ${epoch}`);
      seen.add(content);
      follow(content);
    },
    gap(head, why) {
      gaps++;
      const epoch = epochOf(head);
      if (why !== "epoch" || epoch === epochs.at(-1)) find(`${of.title} was told a gap for nothing: ${why}, ${head}`);
      else enter(epoch);
    },
  };
}

// --- all of them together ---

function wrongOf(ledgers: ReadonlyMap<string, DeliveryLedger>): readonly string[] {
  return [...ledgers.values()].flatMap((ledger) => {
    const { lost, doubled, disordered, altered, strange, findings } = ledger.verdict();
    if (lost + doubled + disordered + altered + strange === 0) return [];
    return [JSON.stringify({ lost, doubled, disordered, altered, strange }), ...findings];
  });
}

/** Two epochs of a channel that two readers saw the other way round (P1). */
function crossings(readers: readonly Page[]): readonly string[] {
  const found: string[] = [];
  const before = new Map<string, string>();
  for (const { channel, epochs, title } of readers) {
    for (const [at, later] of epochs.entries()) {
      for (const earlier of epochs.slice(0, at)) {
        before.set(`${channel} ${earlier} ${later}`, title);
        const other = before.get(`${channel} ${later} ${earlier}`);
        if (other !== undefined) found.push(`${title} saw ${earlier} before ${later}, ${other} the other way round`);
      }
    }
  }
  return found.slice(0, MOST_FINDINGS);
}

function lineOf(transport: string, ledger: DeliveryLedger, readers: readonly Page[]): string {
  const own = readers.filter((reader) => reader.transport === transport);
  const gaps = own.reduce((sum, reader) => sum + reader.gaps, 0);
  const { expected, received, declared } = ledger.verdict();
  return `${transport}: ${own.length} readers, expected ${expected}, received ${received}; ${gaps} gaps declared ${declared}`;
}

function ledgerOf(ledgers: ReadonlyMap<string, DeliveryLedger>, { transport }: Dialect): DeliveryLedger {
  const ledger = ledgers.get(transport);
  if (!ledger) throw new Error(`there is no transport ${transport}`);
  return ledger;
}

function epochOf(id: Id): Epoch {
  const parts = parseId(id);
  if (!parts) throw new Error(`${JSON.stringify(id)} is no id`);
  return parts.epoch;
}
