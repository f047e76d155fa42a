/**
 * A cursor in motion on one channel's log: `reading -> live <-> lagging -> ended`.
 *
 * Slow reader, reconnect and first catch-up are this one path: read pages from the log until its head is reached, then take
 * the runs that the topic flushes. A full link makes the subscription lag; it reads on from its cursor when there is room.
 */
import {
  type Cursor,
  type EitherwayError,
  type Epoch,
  formatId,
  type ServerFrame,
  toEitherwayError,
} from "../protocol/index.ts";
import type { Position } from "./broker.ts";
import type { FrameKind } from "./link.ts";
import type { LiveReader, RunSink } from "./live-reader.ts";
import { lastSeq } from "./run-bytes.ts";
import type { SharedPage, Topic } from "./topic.ts";

export type SubscriptionState = "reading" | "live" | "lagging" | "ended";

/** The session as its subscriptions see it. */
export interface Subscriber extends RunSink {
  writeFrame(frame: ServerFrame): void;
  /** `kind`: of a frame that is no run, and that others get as well. */
  writeRun(bytes: Uint8Array, now: number, kind?: FrameKind): void;
  /** Calls `subscription.read()` when the link has room and it is its turn. */
  queueRead(subscription: Subscription): void;
  /** The subscription has ended with an error. */
  failed(subscription: Subscription, error: EitherwayError): void;
}

/** A class: there is one object for each channel of each link, and no closure. */
export class Subscription implements LiveReader {
  readonly topic: Topic;
  readonly subscriber: Subscriber;
  state: SubscriptionState = "reading";
  /** Where the reader stands: the epoch and seq of what was written last. `undefined` until the first page. */
  epoch: Epoch | undefined = undefined;
  seq = 0;
  readonly #from: Cursor;
  /** The reader has been told a place: by a run, a gap or `live`. */
  #placed = false;
  #toldLive = false;

  constructor(topic: Topic, subscriber: Subscriber, from: Cursor) {
    this.topic = topic;
    this.subscriber = subscriber;
    this.#from = from;
    topic.enter();
  }

  get cursor(): Cursor {
    // A reader from `start` that has seen nothing yet misses nothing by whatever is trimmed meanwhile.
    const unplaced = this.epoch === undefined || (this.#from === "start" && !this.#placed);
    return unplaced ? this.#from : formatId(this.epoch as Epoch, this.seq);
  }

  /** Leaves the flush: the link is full, or what the topic has does not continue the cursor. The log does. */
  fallBack(): void {
    if (this.state !== "live") return;
    this.topic.leaveLive(this);
    this.state = this.subscriber.full ? "lagging" : "reading";
    this.subscriber.queueRead(this);
  }

  end(): void {
    if (this.state === "ended") return;
    if (this.state === "live") this.topic.leaveLive(this);
    this.state = "ended";
    this.topic.leave();
  }

  /** Reads and writes one page. Never rejects; afterwards the subscription is live, queued again, or ended. */
  async read(): Promise<void> {
    this.state = "reading";
    try {
      if (this.topic.watched !== undefined) await this.topic.watched;
      if (this.#isEnded()) return;
      const page = await this.topic.read(this.cursor);
      if (this.#isEnded()) return;
      if (this.subscriber.full) {
        // A page nobody can take now is dropped: what is right by then is read again (P6, and one gap per drained buffer).
        this.state = "lagging";
        this.subscriber.queueRead(this);
      } else this.#take(page);
    } catch (thrown) {
      if (this.#isEnded()) return;
      this.end();
      this.subscriber.failed(this, toEitherwayError(thrown));
    }
  }

  /** A method, since the state changes while a read waits, which the type checker cannot know. */
  #isEnded(): boolean {
    return this.state === "ended";
  }

  #take({ page, shared }: SharedPage): void {
    if (page.kind === "none") throw new Error(`the log of ${this.topic.channel} is gone while it is watched`);
    if (page.kind === "gap") {
      const [oldest, head] = [idOf(page.oldest), idOf(page.head)];
      this.topic.metrics.count(`gaps.${page.why}`);
      this.#stand(page.head);
      this.#placed = true;
      const { why, latest } = page;
      const { channel, metrics } = this.topic;
      if (latest.length > 0) metrics.count("messages.delivered", latest.length);
      this.subscriber.writeFrame({ t: "gap", channel, why, oldest, head, ...(latest.length > 0 && { latest }) });
    } else if (page.kind === "members") {
      this.topic.metrics.count("presence.snapshots");
      this.#stand(page.head);
      this.#placed = true;
      const bytes = shared?.bytesFor(this.subscriber.framing);
      if (bytes) this.subscriber.writeRun(bytes, this.topic.clock.now(), "presence");
    } else if (shared) {
      const { messages } = page;
      this.#stand({ epoch: page.epoch, seq: lastSeq(messages) });
      this.#placed = true;
      this.topic.metrics.count("messages.delivered", messages.length);
      this.subscriber.writeRun(shared.bytesFor(this.subscriber.framing), this.topic.clock.now());
    } else this.#stand(page.head);

    if (this.#isEnded()) return; // the write found that the link is over
    if (this.seq < page.head.seq || !this.topic.join(this)) {
      this.topic.clock.defer(() => this.subscriber.queueRead(this)); // others first (P7)
      return;
    }
    this.state = "live";
    if (this.#toldLive) return;
    this.#toldLive = true;
    this.#placed = true;
    this.subscriber.writeFrame({ t: "live", channel: this.topic.channel, id: idOf(page.head) });
  }

  #stand({ epoch, seq }: Position): void {
    this.epoch = epoch;
    this.seq = seq;
  }
}

function idOf({ epoch, seq }: Position): string {
  return formatId(epoch, seq);
}
