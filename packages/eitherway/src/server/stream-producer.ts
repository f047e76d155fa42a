/** One who appends to a stream: a queue of pieces and then the end, a lease that is renewed, and the news that nobody wants more. */
import type { Hub, StreamFailure, StreamHold, Streams, WheelTask } from "../core/index.ts";
import {
  checkEventName,
  EitherwayError,
  joinPayloads,
  type Payload,
  payloadBytes,
  quote,
  toEitherwayError,
} from "../protocol/index.ts";
import { createPieceReader, type PieceReader } from "./stream-pieces.ts";

/**
 * Appends to a stream. What goes wrong while it is opened (`stream-open`, `too-many-channels`, ...) rejects its first call.
 */
export interface StreamProducer<Piece = string> {
  readonly channel: string;
  readonly name: string;
  /**
   * Aborts once: by `cancel()`, or when the stream is not this producer's any more, since it could not be opened, its lease was
   * lost or the server closes. Give it to whatever makes the pieces.
   */
  readonly signal: AbortSignal;

  /**
   * Resolves when the piece is stored; waits while subscribers are slower than producers, so awaiting it is backpressure. Pieces are
   * stored in the order of the calls, those that wait as one. Where a piece is refused those behind it, and an `end()`, are refused
   * alike, so that nothing is missing in the middle.
   *
   * @throws EitherwayError (as a rejection) `stream-over`, `too-large` beyond `limits.streamBytes` or `limits.messageBytes`,
   *   `bad-utf8`, `bad-request`, `storage-full`, `unavailable`
   */
  append(piece: Piece): Promise<void>;

  /** Ends the stream after what was appended. @throws EitherwayError (as a rejection) `stream-over`, or as the piece before it */
  end(): Promise<void>;

  /**
   * Ends the stream as failed, after what was appended. Readers get the sentence, of at most 500 characters, and the code, which is
   * the application's own. Default code: `failed`.
   *
   * @throws EitherwayError (as a rejection) `stream-over`; `bad-event` for a code that is not 1 to 64 bytes of text
   */
  fail(message: string, code?: string): Promise<void>;

  /** Aborts `signal`. The stream goes on until the producer ends it: it knows what to do with what it has. */
  cancel(reason?: unknown): void;
}

export interface ProducerOptions {
  readonly hub: Hub;
  readonly streams: Streams;
  readonly channel: string;
  readonly name: string;
  readonly log: string;
  readonly kind: "text" | "bytes";
  readonly leaseMs: number;
  /** The producer has no stream any more. */
  over(producer: Producer): void;
}

/** Renewals in the time of a lease: two may come late or be lost. */
const RENEWALS = 3;

/** One call that waits for its turn: a piece, or without one the end. */
interface Job {
  readonly piece?: Payload;
  readonly bytes: number;
  readonly failure?: StreamFailure | undefined;
  resolve(): void;
  reject(error: EitherwayError): void;
}

export class Producer implements StreamProducer<string | Uint8Array>, WheelTask {
  readonly channel: string;
  readonly name: string;
  readonly #options: ProducerOptions;
  readonly #pieces: PieceReader;
  readonly #opened: Promise<StreamHold>;
  readonly #abort = new AbortController();
  /** `ending`: the end is in the queue, and nothing may follow it. */
  #state: "open" | "ending" | "over" = "open";
  /** Why it is over, where that was not this producer's doing. */
  #loss: EitherwayError | undefined;
  #jobs: Job[] = [];
  #waitingBytes = 0;
  #working: Promise<void> | undefined;

  constructor(options: ProducerOptions) {
    this.channel = options.channel;
    this.name = options.name;
    this.#options = options;
    this.#pieces = createPieceReader(options.kind);
    this.#opened = options.streams.open(options.log, options.leaseMs);
    this.#opened.then(
      () => this.#keepLease(),
      (thrown: unknown) => this.#lose(toEitherwayError(thrown)),
    );
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  async append(given: string | Uint8Array): Promise<void> {
    this.#checkOpen();
    const piece = this.#pieces.read(given);
    if (!piece) return;
    const bytes = payloadBytes(piece);
    this.#checkSize(bytes);
    await this.#queue({ piece, bytes });
  }

  async end(): Promise<void> {
    if (!this.#pieces.holdsHalf) return this.#finish();
    const message = "The text ends in half of a surrogate pair, which is no Unicode.";
    await this.#finish({ code: "bad-utf8", message });
    throw new EitherwayError("bad-utf8", message);
  }

  async fail(message: string, code = "failed"): Promise<void> {
    checkEventName(code);
    await this.#finish({ code, message });
  }

  cancel(reason?: unknown): void {
    this.#abort.abort(reason);
  }

  /** Fails the stream, unless its end is on its way, and waits for that. Never rejects. */
  async close(failure: StreamFailure): Promise<void> {
    this.cancel(new EitherwayError("closed", failure.message));
    if (this.#state === "open") void this.#finish(failure).catch(() => {});
    await this.#working;
  }

  // --- the queue ---

  async #finish(failure?: StreamFailure): Promise<void> {
    this.#checkOpen();
    this.#state = "ending";
    await this.#queue({ bytes: 0, failure });
  }

  #queue(job: Pick<Job, "piece" | "bytes" | "failure">): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ ...job, resolve, reject });
      this.#waitingBytes += job.bytes;
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    await new Promise<void>((resolve) => this.#options.hub.clock.defer(resolve)); // what else comes in this turn goes with it
    while (this.#jobs.length > 0) {
      const jobs = this.#take(this.#countOfNext());
      try {
        await this.#do(jobs);
        for (const { resolve } of jobs) resolve();
      } catch (thrown) {
        this.#refuse(jobs, toEitherwayError(thrown));
      }
    }
    this.#working = undefined;
  }

  /** The end by itself, or the pieces that fit into one message. */
  #countOfNext(): number {
    const { messageBytes } = this.#options.hub.limits;
    let bytes = 0;
    const end = this.#jobs.findIndex((job) => {
      bytes += job.bytes;
      return !job.piece || bytes > messageBytes;
    });
    return end < 0 ? this.#jobs.length : Math.max(1, end);
  }

  #take(count: number): readonly Job[] {
    const jobs = this.#jobs.slice(0, count);
    this.#jobs = this.#jobs.slice(count);
    for (const { bytes } of jobs) this.#waitingBytes -= bytes;
    return jobs;
  }

  async #do(jobs: readonly Job[]): Promise<void> {
    const { hub, streams } = this.#options;
    const hold = await this.#opened;
    const pieces = jobs.flatMap(({ piece }) => piece ?? []);
    if (pieces.length === 0) {
      await streams.finish(hold, jobs[0]?.failure);
      this.#end();
      return;
    }
    const piece = joinPayloads(pieces);
    await hub.withRoom(payloadBytes(piece), () => streams.append(hold, piece));
  }

  /** What waits behind is refused alike, but for a failure: that is no part of the text. */
  #refuse(jobs: readonly Job[], error: EitherwayError): void {
    this.#options.hub.metrics.count(`streams.refused.${error.code}`);
    if (error.code === "stream-over") this.#lose(error);
    const failing = this.#jobs.findIndex(({ failure }) => failure);
    const refused = [...jobs, ...this.#take(failing < 0 ? this.#jobs.length : failing)];
    if (this.#state === "ending" && refused.some(({ piece }) => !piece)) this.#state = "open";
    for (const { reject } of refused) reject(error);
  }

  // --- the life of the stream ---

  /** Time to renew the lease. */
  fire(): void {
    void this.#renew();
  }

  async #renew(): Promise<void> {
    const { hub, streams, leaseMs } = this.#options;
    try {
      await streams.renew(await this.#opened, leaseMs);
    } catch (thrown) {
      const error = toEitherwayError(thrown);
      hub.metrics.count(`streams.refused.${error.code}`);
      if (error.code === "stream-over") this.#lose(error);
    }
    this.#keepLease();
  }

  #keepLease(): void {
    const { hub, leaseMs } = this.#options;
    if (this.#state !== "over") hub.wheel.schedule(this, leaseMs / RENEWALS);
  }

  #lose(error: EitherwayError): void {
    if (this.#state === "over") return;
    this.#loss = error;
    this.#end();
    this.cancel(error);
  }

  #end(): void {
    this.#state = "over";
    this.#options.hub.wheel.cancel(this);
    this.#options.over(this);
  }

  #checkOpen(): void {
    if (this.#loss) throw this.#loss;
    if (this.#state === "open") return;
    throw new EitherwayError("stream-over", `The stream ${this.#quoted} has its end; open it anew to begin again.`);
  }

  /** Whoever does not wait for `append` must not make us hold more than a stream may have (P6). */
  #checkSize(bytes: number): void {
    const { messageBytes, streamBytes } = this.#options.hub.limits;
    const waiting = this.#waitingBytes + bytes;
    const [amount, limit, name] =
      bytes > messageBytes
        ? [bytes, messageBytes, "limits.messageBytes"]
        : [waiting, streamBytes, "limits.streamBytes"];
    if (amount <= limit) return;
    this.#options.hub.metrics.count("streams.refused.too-large");
    throw new EitherwayError(
      "too-large",
      `${amount} bytes for the stream ${this.#quoted} are over the limit of ${limit}; raise ${name} or append less.`,
    );
  }

  get #quoted(): string {
    return quote(`${this.channel}/${this.name}`);
  }
}
