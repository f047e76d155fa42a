/**
 * One channel as this process watches it: what was announced and not yet flushed, and the live subscriptions it goes to.
 *
 * A flush takes at most one run, encodes it once per framing and writes the same bytes to every live subscription that stands
 * at its start (DESIGN: the hot path). It works in slices, so that a channel with many subscribers does not keep the others
 * waiting; the run in flight is held here, whatever is trimmed from the log meanwhile.
 */
import type { Cursor, Epoch, Message } from "../protocol/index.ts";
import type { Batch, Broker, Page, PageLimit } from "./broker.ts";
import type { LiveReader, RunSink } from "./live-reader.ts";
import type { Clock, Metrics, Undo } from "./ports.ts";
import { type MembersPage, readPage, SharedMembers } from "./presence-page.ts";
import {
  lastSeq,
  MESSAGE_OVERHEAD_BYTES,
  messagesAfter,
  RUN_BYTES,
  runPart,
  SharedRun,
  seqBefore,
  totalBytes,
} from "./run-bytes.ts";
import { type Listeners, VolatileRuns } from "./volatile-runs.ts";

/** What a topic needs of its hub. */
export interface TopicOwner {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The topic has something to flush. */
  changed(topic: Topic): void;
  /** Bytes that were announced (+) or have been flushed or dropped (-). */
  unflushed(bytes: number): void;
  /** Gathers what is written to a link until the slice of the flush that is under way is over. */
  cork(sink: RunSink): void;
  /** The topic keeps pages; `forgetPages` is called in a moment. */
  keepsPages(topic: Topic): void;
  /** Nobody is subscribed any more. */
  abandoned(topic: Topic): void;
}

/** A page with its frame, which equal readers share. */
export interface SharedPage {
  readonly page: Page | MembersPage;
  readonly shared: Pick<SharedRun, "bytesFor"> | undefined;
}

const PAGE_LIMIT: PageLimit = { messages: 1_000, bytes: RUN_BYTES };

/** Pages that one topic keeps for equal readers: 1 MiB of messages. */
const MOST_PAGES = 16;

/** A run on its way to the live subscriptions. */
interface Flight {
  readonly shared: SharedRun;
  readonly before: number;
  readonly last: number;
  readonly bytes: number;
  /** Where the last slice ended. A Set's iterator takes joins and leaves in its stride; before there is a Set, `join` begins anew. */
  rest: Iterator<LiveReader>;
}

export class Topic implements Listeners {
  readonly channel: string;
  /** Resolves once every append is heard of, and is `undefined` from then on; rejects when the broker refuses to watch. */
  watched: Promise<void> | undefined;
  readonly #owner: TopicOwner;
  /** One stands for itself: a Set of one is 184 bytes, and channels of one reader are many. */
  #live: LiveReader | Set<LiveReader> | undefined;
  /** Shared by equal readers while nothing is appended, for a moment: those who all come back at once stand at few cursors. */
  #pages: Map<Cursor, Promise<SharedPage>> | undefined;
  /** Who is in the channel that this one tells of, for a moment as well. */
  #members: SharedMembers | undefined;
  #subscriptions = 0;
  /** The life of the log that announcements speak of; `undefined` until the first. */
  #epoch: Epoch | undefined;
  /** Seq of the newest message announced. */
  #announced = 0;
  #pending: Message[] = [];
  #pendingBytes = 0;
  #flight: Flight | undefined;
  /** Only while there is something volatile to flush. */
  #volatile: VolatileRuns | undefined;

  constructor(owner: TopicOwner, channel: string) {
    this.#owner = owner;
    this.channel = channel;
    this.watched = this.#watch();
    this.watched.catch(() => {}); // every subscription asks by itself
  }

  get clock(): Clock {
    return this.#owner.clock;
  }

  get metrics(): Metrics {
    return this.#owner.metrics;
  }

  // --- subscriptions ---

  enter(): void {
    this.#subscriptions++;
  }

  leave(): void {
    this.#subscriptions--;
    if (this.#subscriptions > 0) return;
    this.#drop();
    this.#owner.abandoned(this);
  }

  /**
   * Takes a subscription that has read up to the head. `false`: more has been flushed meanwhile than it has read, so it must
   * read on; joining now would be a silent hole (P2).
   */
  join(subscription: LiveReader): boolean {
    const { epoch, seq } = subscription;
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#adopt(epoch as Epoch, seq);
    if (this.#epoch !== undefined && seq < this.#floor()) return false;
    const live = this.#live;
    if (live instanceof Set) live.add(subscription);
    else {
      this.#live = live === undefined ? subscription : new Set([live, subscription]);
      if (this.#flight) this.#flight.rest = this.liveReaders(); // passes over those who have the run
    }
    return true;
  }

  leaveLive(subscription: LiveReader): void {
    const live = this.#live;
    if (live instanceof Set) live.delete(subscription);
    else if (live === subscription) this.#live = undefined;
  }

  /** One page after a cursor. Equal reads of one moment are one read of the broker and one encoding per framing. */
  read(after: Cursor): Promise<SharedPage> {
    const known = this.#pages?.get(after);
    if (known) return known;
    const page = this.#readPage(after);
    // "now" means this very moment, so it is not shared with an earlier one.
    if (after === "now") return page;
    if (!this.#pages) {
      this.#pages = new Map();
      this.#owner.keepsPages(this);
    }
    const pages = this.#pages;
    if (pages.size >= MOST_PAGES) return page;
    pages.set(after, page);
    page.catch(() => pages.delete(after)); // the next one asks again
    return page;
  }

  forgetPages(): void {
    this.#pages = undefined;
    this.#members = undefined;
  }

  async #readPage(after: Cursor): Promise<SharedPage> {
    const page = await readPage(this.#owner.broker, this.channel, after, PAGE_LIMIT);
    if (page.kind === "members") return { page, shared: this.#shareMembers(page) };
    if (page.kind !== "messages" || page.messages.length === 0) return { page, shared: undefined };
    return { page, shared: new SharedRun({ channel: this.channel, epoch: page.epoch, messages: page.messages }) };
  }

  /** Those who come back at once stand at many cursors, and get the same members. */
  #shareMembers({ frame }: MembersPage): SharedMembers {
    if (this.#members?.id === frame.id) return this.#members;
    if (!this.#pages) {
      this.#pages = new Map();
      this.#owner.keepsPages(this);
    }
    this.#members = new SharedMembers(frame);
    return this.#members;
  }

  // --- announcements ---

  async #watch(): Promise<void> {
    const undo: Undo = await this.#owner.broker.watch(this.channel, (batch) => this.#announce(batch));
    this.watched = undefined;
    if (this.#subscriptions === 0) undo();
    else this.#undoWatch = undo;
  }

  #undoWatch: Undo = () => {};

  /** Batches may repeat, be missing or name an epoch only: what does not continue the run at hand is left to the log. */
  #announce({ epoch, messages: batch, bytes: batchBytes }: Batch): void {
    if (this.#subscriptions === 0) return;
    if (epoch === undefined) {
      this.#announceVolatile(batch, batchBytes);
      return;
    }
    if (epoch !== this.#epoch) this.#adopt(epoch, batch.length > 0 ? seqBefore(batch) : 0);
    const messages = messagesAfter(batch, this.#announced);
    if (messages.length === 0) return;
    this.forgetPages();
    if (this.#pending.length > 0 && seqBefore(messages) > this.#announced) this.#dropPending();
    const bytes = messages === batch ? batchBytes + batch.length * MESSAGE_OVERHEAD_BYTES : totalBytes(messages);
    if (this.#pending.length === 0) this.#pending = messages.slice();
    else for (const message of messages) this.#pending.push(message);
    this.#announced = lastSeq(messages);
    this.#pendingBytes += bytes;
    this.#owner.unflushed(bytes);
    this.#owner.changed(this);
  }

  #announceVolatile(messages: readonly Message[], bytes: number): void {
    const { channel, metrics } = this;
    const owner = this.#owner;
    this.#volatile ??= new VolatileRuns({
      channel,
      metrics,
      listeners: this,
      unflushed: owner.unflushed,
      cork: owner.cork,
    });
    this.#volatile.add(messages, bytes);
    owner.changed(this);
  }

  /** Another life of the log: whoever stands in the old one reads on, and is told of the gap. */
  #adopt(epoch: Epoch, seq: number): void {
    this.#dropPending();
    this.forgetPages();
    this.#epoch = epoch;
    this.#announced = seq;
    for (const subscription of [...this.liveReaders()]) if (subscription.epoch !== epoch) subscription.fallBack();
  }

  liveReaders(): IterableIterator<LiveReader> {
    const live = this.#live;
    if (live instanceof Set) return live.values();
    return (live === undefined ? [] : [live]).values();
  }

  isLive(reader: LiveReader): boolean {
    const live = this.#live;
    return live instanceof Set ? live.has(reader) : live === reader;
  }

  get behind(): number {
    const live = this.#live;
    return this.#subscriptions - (live instanceof Set ? live.size : live === undefined ? 0 : 1);
  }

  /** Seq before the oldest message that some live subscription may still be owed by a flush. */
  #floor(): number {
    if (this.#flight) return this.#flight.before;
    return this.#pending.length > 0 ? seqBefore(this.#pending) : this.#announced;
  }

  // --- flush ---

  get hasUnflushed(): boolean {
    return this.#flight !== undefined || this.#pending.length > 0 || this.#volatile !== undefined;
  }

  /**
   * Goes on with the run in flight, or takes the next one, for at most `budget` links; behind a logged run a volatile one.
   *
   * @param several other channels are flushed in this slice as well: their runs leave with this one, as one write a link
   * @returns what is left of the budget; 0 while the run is not with everybody
   */
  flush(budget: number, now: number, several: boolean): number {
    const volatile = this.#volatile;
    if (!volatile) return this.#flushLogged(budget, now, several);
    let left = volatile.isFlying ? budget : this.#flushLogged(budget, now, true);
    if (left > 0 && !this.#flight) left = volatile.flush(left, now);
    if (volatile.isEmpty) this.#volatile = undefined;
    return left;
  }

  #flushLogged(budget: number, now: number, several: boolean): number {
    this.#flight ??= this.#takeOff();
    const flight = this.#flight;
    if (!flight) return budget;
    const { shared, before, last } = flight;
    const { epoch, messages } = shared.run;
    let left = budget;
    let delivered = 0;
    for (; left > 0; left--) {
      const next = flight.rest.next();
      if (next.done) {
        this.#land(flight);
        break;
      }
      const subscription = next.value;
      const { subscriber } = subscription;
      const stands = subscription.epoch === epoch ? subscription.seq : -1;
      if (stands >= last) continue;
      if (subscriber.full || stands < before) {
        subscription.fallBack();
        continue;
      }
      if (several) this.#owner.cork(subscriber);
      subscription.seq = last;
      if (stands === before) {
        delivered += messages.length;
        subscriber.writeRun(shared.bytesFor(subscriber.framing), now);
      } else {
        const rest = messagesAfter(messages, stands);
        delivered += rest.length;
        subscriber.writeRun(subscriber.framing.run({ ...shared.run, messages: rest }), now);
      }
    }
    this.metrics.count("messages.delivered", delivered);
    return left;
  }

  #takeOff(): Flight | undefined {
    if (this.#pending.length === 0) return undefined;
    const { run: messages, bytes, rest } = runPart(this.#pending, this.#pendingBytes);
    this.#pending = rest;
    this.#pendingBytes -= bytes;
    // Once a run, whatever the number of its readers.
    this.metrics.count("runs.flushed");
    this.metrics.count("runs.messages", messages.length);
    this.metrics.count("runs.bytes", bytes);
    return {
      shared: new SharedRun({ channel: this.channel, epoch: this.#epoch as Epoch, messages }),
      before: seqBefore(messages),
      last: lastSeq(messages),
      bytes,
      rest: this.liveReaders(),
    };
  }

  #land(flight: Flight): void {
    if (this.#flight !== flight) return; // dropped meanwhile: a write found that the last link is over
    this.#flight = undefined;
    this.#owner.unflushed(-flight.bytes);
  }

  #dropPending(): void {
    this.#owner.unflushed(-this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #drop(): void {
    this.#dropPending();
    if (this.#flight) this.#land(this.#flight);
    this.#volatile?.drop();
    this.#volatile = undefined;
    this.#undoWatch();
    this.#undoWatch = () => {};
  }
}
