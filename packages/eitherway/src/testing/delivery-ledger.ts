/**
 * Double-entry bookkeeping of deliveries: what was acknowledged on one side, what each reader got on the other, compared by
 * id and by content. Lost, doubled, out of order, altered and never published each count for themselves.
 */
import { type Epoch, type Id, parseId } from "../protocol/index.ts";

/** What tells one message from all others of its channel. */
export type Content = string | number;

export interface DeliveryLedger {
  /** A publish was acknowledged with this id. */
  acked(channel: string, id: Id, content: Content): void;
  /** The outcome of a publish is unknown: it may be there once, or not at all. */
  uncertain(channel: string, content: Content): void;
  /** Someone who has to see everything that is acknowledged on a channel. */
  reader(name: string, channel: string): LedgerReader;
  /**
   * Whether every reader has as many messages as were acknowledged up to now, with those that gaps declared. By number alone, so cheap enough
   * to ask after each message: one that came twice counts twice, and one that was never acknowledged counts too. The truth is `verdict()`.
   */
  readonly complete: boolean;
  verdict(): Verdict;
}

export interface LedgerReader {
  received(id: Id, content: Content): void;
  /** Continuity was lost, and said so: what is missing up to `head` is declared, not lost (P2). */
  gap(head: Id): void;
  readonly count: number;
}

export interface Verdict {
  /** Deliveries that the acknowledged messages ask for, without what gaps declared. */
  readonly expected: number;
  readonly received: number;
  readonly declared: number;
  readonly lost: number;
  readonly doubled: number;
  readonly disordered: number;
  /** The right id with another content. */
  readonly altered: number;
  /** Ids that nobody published: also a publish that was applied twice. */
  readonly strange: number;
  /** The first few of all these, in words. */
  readonly findings: readonly string[];
}

const MOST_FINDINGS = 10;

export function createDeliveryLedger(): DeliveryLedger {
  const books = new Map<string, ChannelBook>();
  const readers: ReaderBook[] = [];

  const bookOf = (channel: string): ChannelBook => {
    let book = books.get(channel);
    if (!book) {
      book = { channel, acked: new Map(), ackedCount: 0, uncertain: new Set() };
      books.set(channel, book);
    }
    return book;
  };

  return {
    acked(channel, id, content) {
      const book = bookOf(channel);
      const { epoch, seq } = partsOf(id);
      const of = book.acked.get(epoch) ?? new Map<number, Content>();
      book.acked.delete(epoch);
      book.acked.set(epoch, of.set(seq, content));
      book.ackedCount++;
    },
    uncertain: (channel, content) => void bookOf(channel).uncertain.add(content),
    reader(name, channel) {
      const reader = createReader(name, bookOf(channel));
      readers.push(reader);
      return reader;
    },
    get complete() {
      return readers.every(({ count, declaredAbout, book }) => count + declaredAbout >= book.ackedCount);
    },
    verdict() {
      const tally = createTally();
      for (const reader of readers) audit(reader, tally);
      return tally;
    },
  };
}

// --- books ---

/** Contents by seq. */
type Entries = Map<number, Content>;

interface ChannelBook {
  readonly channel: string;
  /** The epoch of the newest acknowledgement is last. */
  readonly acked: Map<Epoch, Entries>;
  ackedCount: number;
  readonly uncertain: Set<Content>;
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** What one reader saw of one epoch. Two plain arrays: a soak has a million of these. */
interface Seen {
  readonly seqs: number[];
  readonly contents: Content[];
  readonly declared: Interval[];
  last: number;
}

interface ReaderBook extends LedgerReader {
  readonly name: string;
  readonly book: ChannelBook;
  readonly seen: Map<Epoch, Seen>;
  /** An upper bound of what gaps declared, for `complete`. */
  readonly declaredAbout: number;
}

function createReader(name: string, book: ChannelBook): ReaderBook {
  const seen = new Map<Epoch, Seen>();
  let count = 0;
  let declaredAbout = 0;
  let current: { readonly epoch: Epoch; readonly seen: Seen } | undefined;

  function enter(epoch: Epoch): Seen {
    if (current?.epoch === epoch) return current.seen;
    let of = seen.get(epoch);
    if (!of) {
      of = { seqs: [], contents: [], declared: [], last: 0 };
      seen.set(epoch, of);
    }
    current = { epoch, seen: of };
    return of;
  }

  function declare(of: Seen, to: number): void {
    if (to <= of.last) return;
    of.declared.push({ from: of.last + 1, to });
    declaredAbout += to - of.last;
    of.last = to;
  }

  return {
    name,
    book,
    seen,
    get count() {
      return count;
    },
    get declaredAbout() {
      return declaredAbout;
    },
    received(id, content) {
      const { epoch, seq } = partsOf(id);
      const of = enter(epoch);
      of.seqs.push(seq);
      of.contents.push(content);
      of.last = Math.max(of.last, seq);
      count++;
    },
    gap(head) {
      const { epoch, seq } = partsOf(head);
      // Another epoch: whatever the old one still had is covered by the same gap, also what is acknowledged only now.
      if (current && current.epoch !== epoch) {
        const { last, declared } = current.seen;
        declare(current.seen, Math.max(0, ...(book.acked.get(current.epoch)?.keys() ?? [])));
        declared.push({ from: last + 1, to: Number.POSITIVE_INFINITY });
      }
      declare(enter(epoch), seq);
    },
  };
}

// --- audit ---

type Tally = { -readonly [K in keyof Verdict]: Verdict[K] } & { findings: string[] };

function createTally(): Tally {
  return {
    expected: 0,
    received: 0,
    declared: 0,
    lost: 0,
    doubled: 0,
    disordered: 0,
    altered: 0,
    strange: 0,
    findings: [],
  };
}

function audit(reader: ReaderBook, tally: Tally): void {
  const { book, seen } = reader;
  const order = [...book.acked.keys()];
  const reached = Math.max(-1, ...[...seen.keys()].map((epoch) => order.indexOf(epoch)));
  for (const epoch of new Set([...book.acked.keys(), ...seen.keys()])) {
    const acked = book.acked.get(epoch) ?? NONE;
    const of = seen.get(epoch) ?? { seqs: [], contents: [], declared: [], last: 0 };
    // An epoch that came and went while the reader was away: the gap into the next one covers it whole.
    const isPassed = !seen.has(epoch) && seen.size > 0 && order.indexOf(epoch) < reached;
    const had = new Set<number>();
    let last = 0;
    tally.received += of.seqs.length;
    of.seqs.forEach((seq, i) => {
      const content = of.contents[i] as Content;
      if (had.has(seq)) find("doubled", seq);
      else if (seq < last) find("disordered", seq);
      if (!acked.has(seq) && !book.uncertain.has(content)) find("strange", seq);
      else if (acked.has(seq) && acked.get(seq) !== content) find("altered", seq);
      had.add(seq);
      last = Math.max(last, seq);
    });
    for (const seq of acked.keys()) {
      if (had.has(seq)) tally.expected++;
      else if (isPassed || of.declared.some(({ from, to }) => seq >= from && seq <= to)) tally.declared++;
      else {
        tally.expected++;
        find("lost", seq);
      }
    }

    function find(kind: "lost" | "doubled" | "disordered" | "altered" | "strange", seq: number): void {
      tally[kind]++;
      if (tally.findings.length >= MOST_FINDINGS) return;
      const content = acked.get(seq) ?? of.contents[of.seqs.indexOf(seq)];
      tally.findings.push(`${kind}: ${reader.name} on ${book.channel}, ${epoch} seq ${seq} (${String(content)})`);
    }
  }
}

const NONE: Entries = new Map();

function partsOf(id: Id): { readonly epoch: Epoch; readonly seq: number } {
  const parts = parseId(id);
  if (!parts) throw new Error(`${JSON.stringify(id)} is no id`);
  return parts;
}
