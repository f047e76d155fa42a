/** The meaning of one link: its subscriptions, its commands in order, its signs of life. */
import {
  type AnnounceFrame,
  type ByeFrame,
  type ClientFrame,
  type CommandFrame,
  type Cursor,
  type Cursors,
  checkLogName,
  EitherwayError,
  type ErrorCode,
  type Framing,
  type HelloFrame,
  type ServerFrame,
  toEitherwayError,
} from "../protocol/index.ts";
import { createAnnouncements } from "./announcer.ts";
import { errorFields } from "./answer-frame.ts";
import type { Identity } from "./authority.ts";
import { isHarmless } from "./bad-frames.ts";
import { type Commander, CommandQueue } from "./command-queue.ts";
import type { CommandRates } from "./command-rates.ts";
import { createGuard, type Guard, type Guarded } from "./guard.ts";
import type { Hub, Session } from "./hub-api.ts";
import type { FrameKind, Link } from "./link.ts";
import { costOf, Pace } from "./pace.ts";
import type { Undo } from "./ports.ts";
import type { Revocation } from "./revocations.ts";
import { moment, msSince, PULSE_MS, pingOf, UNANSWERED_PINGS } from "./signs-of-life.ts";
import { type Subscriber, Subscription } from "./subscription.ts";
import {
  countOf,
  findSubscription,
  listOf,
  type Subscriptions,
  tooManyNamed,
  tooManySubscriptions,
  withoutSubscription,
  withSubscription,
} from "./subscriptions.ts";
import type { WheelTask } from "./timer-wheel.ts";
import type { Topic } from "./topic.ts";

/** What a session needs of its hub besides what everybody may use. */
export interface SessionOwner extends Hub {
  readonly rates: CommandRates;
  topic(channel: string): Topic;
  /** Gathers what is written to a link up to the end of this turn. */
  cork(session: HubSession): void;
  gone(session: HubSession): void;
}

/** Pages read at once for one link: a link with 1,000 channels must not hold 1,000 pages (P6). */
const READS_AT_ONCE = 8;

/** A class: thousands of idle links share its methods, and one object is session, subscriber and the task of its heartbeat. */
export class HubSession implements Session, Subscriber, Commander, WheelTask {
  readonly framing: Framing;
  readonly link: Link;
  full = false;
  ended = false;
  /** Whom it speaks for. */
  who: Identity;
  wheelSlot: Set<WheelTask> | undefined = undefined;
  wheelTick = 0;
  readonly #hub: SessionOwner;
  #subscriptions: Subscriptions;
  /** Only links of those who are identified have one. */
  #guard: Guard | undefined;
  /** Ends the hold on the leases of this client; only links of those who are present have one. */
  #letGo: Undo | undefined;
  /** Only while some wait. */
  #reads: Subscription[] | undefined;
  #reading = 0;
  #corked = false;
  #lastWrite = 0;
  /** The first ping of a link that only listens has gone, or is not due. */
  #pulsed = true;
  #lastHeard: number;
  #unansweredPings = 0;
  #slowDeadline: WheelTask | undefined;
  // Only links that publish have these.
  #announce: ((frame: AnnounceFrame) => void) | undefined;
  #commands: CommandQueue | undefined;
  #pace: Pace | undefined;
  #readingPaused = false;

  constructor(hub: SessionOwner, link: Link, who: Identity) {
    this.#hub = hub;
    this.who = who;
    this.link = link;
    this.framing = link.framing;
    this.#lastHeard = moment(hub.clock.now());
  }

  /** Says welcome, then starts what the hello subscribes to. */
  begin({ channels, present }: HelloFrame): void {
    const { limits, pingMs, wheel } = this.#hub;
    const { messageBytes, frameBytes, subscriptions, inFlight } = limits;
    this.#hub.cork(this); // `welcome`, what was missed and `live` leave together
    this.writeFrame({
      t: "welcome",
      ping: pingMs,
      keyWindow: this.#hub.broker.keyWindow(),
      limits: { messageBytes, frameBytes, subscriptions, inFlight },
    });
    if (this.ended) return;
    this.#pulsed = this.link.heartbeat !== "ping";
    if (this.link.heartbeat !== "none") wheel.schedule(this, this.#pulsed ? pingMs : Math.min(PULSE_MS, pingMs));
    if (this.who.rights) this.#guard = createGuard(this.#hub, this.who, this.#guarded());
    if (this.ended) return;
    if (present) this.#letGo = this.#hub.presence.hold(this.who);
    this.#subscribe(channels);
  }

  /** For `stats()`. */
  get subscriptions(): Iterable<Subscription> {
    return listOf(this.#subscriptions);
  }

  // --- what the peer does ---

  receive(frame: ClientFrame): void {
    if (this.ended) return;
    this.#heard();
    const cost = costOf(frame);
    if (cost > 0) this.#paced().spend(cost);
    if (this.ended) return;
    switch (frame.t) {
      case "publish":
      case "call":
      case "presence":
        if (frame.t === "presence" && frame.state !== undefined) this.#letGo ??= this.#hub.presence.hold(this.who);
        this.#command(frame);
        return;
      case "announce":
        this.#announce ??= createAnnouncements(this.#hub, this, (error) => this.#refuse(error));
        this.#announce(frame);
        return;
      case "subscribe":
        this.#subscribe(frame.channels);
        return;
      case "unsubscribe":
        for (const channel of frame.channels) this.#unsubscribe(channel);
        return;
      case "refresh":
        void this.#guard?.refresh(frame.token);
        return;
      case "pong":
        return;
      case "hello":
        this.reject(new EitherwayError("bad-frame", "A second hello came; a link says hello once, then subscribes."));
        return;
    }
  }

  reject(error: EitherwayError): void {
    if (this.ended) return;
    this.#heard();
    this.#hub.metrics.count(`frames.rejected.${error.code}`);
    if (isHarmless(error.code)) this.#refuse(error);
    else this.bye(error.code, error.message);
  }

  /** Of something that has no key. */
  #refuse(error: EitherwayError): void {
    this.writeFrame({ t: "error", ...errorFields(error) });
  }

  drained(): void {
    if (this.ended || !this.full) return;
    this.full = false;
    if (this.#slowDeadline) this.#hub.wheel.cancel(this.#slowDeadline);
    this.#pumpReads();
    this.#commands?.goOn();
    this.checkReading();
  }

  closed(): void {
    this.#end();
    this.#hub.gone(this);
  }

  /** Ends the link with a reason; `closed` follows when the connection is over. */
  bye(code: ErrorCode, message: string, after?: ByeFrame["after"]): void {
    if (this.ended) return;
    this.#hub.metrics.count(`links.closed.${code}`);
    this.#end();
    this.link.close(code, message, after);
  }

  // --- what subscriptions do ---

  writeRun(bytes: Uint8Array, now: number, kind: FrameKind = "messages"): void {
    this.#write(bytes, kind, now);
  }

  writeFrame(frame: ServerFrame): void {
    if (this.ended) return;
    this.#write(this.framing.frame(frame), frame.t, this.#hub.clock.now());
  }

  cork(): boolean {
    if (this.#corked || this.ended) return false;
    this.#corked = true;
    this.link.cork();
    return true;
  }

  uncork(): void {
    this.#corked = false;
    this.link.uncork();
  }

  queueRead(subscription: Subscription): void {
    if (this.ended || subscription.state === "ended") return;
    if (this.#reads) this.#reads.push(subscription);
    else this.#reads = [subscription];
    this.#pumpReads();
  }

  failed(subscription: Subscription, error: EitherwayError): void {
    this.#subscriptions = withoutSubscription(this.#subscriptions, subscription);
    this.#refuseSubscription(subscription.topic.channel, error);
  }

  // --- deadlines ---

  /** Time for a sign of life: ours, so that nothing on the way takes the link for idle, and the peer's. */
  fire(): void {
    if (this.ended) return;
    const { clock, pingMs, wheel } = this.#hub;
    const now = clock.now();
    if (this.#readingPaused) this.#heard(); // it cannot be heard, and that is not the peer's fault
    const answers = this.link.heartbeat === "ping-pong";
    const unwritten = msSince(this.#lastWrite, now);
    const unheard = answers ? msSince(this.#lastHeard, now) : 0;
    const quiet = !this.#pulsed || unwritten >= pingMs || unheard >= pingMs;
    if (answers && this.#unansweredPings >= UNANSWERED_PINGS) {
      this.bye("silent", `Nothing came from the peer for ${unheard} ms.`);
      return;
    }
    this.#pulsed = true;
    if (quiet) {
      if (answers) this.#unansweredPings++;
      this.#write(pingOf(this.framing), "ping", now);
      if (this.ended) return;
    }
    wheel.schedule(this, quiet ? pingMs : Math.max(1, pingMs - Math.max(unwritten, unheard)));
  }

  #heard(): void {
    this.#lastHeard = moment(this.#hub.clock.now());
    this.#unansweredPings = 0;
  }

  #write(bytes: Uint8Array, kind: FrameKind, now: number): void {
    if (this.ended) return;
    this.#lastWrite = moment(now);
    if (!this.link.write(bytes, kind) && !this.full) this.#filled();
  }

  #filled(): void {
    const { limits, metrics, wheel } = this.#hub;
    this.full = true;
    metrics.count("links.filled");
    this.checkReading();
    if (this.link.heartbeat === "none") return; // such a link ends by itself, full or not
    this.#slowDeadline ??= {
      fire: () => this.bye("slow", `The link took nothing for ${limits.slowMs} ms; go on at your cursor.`),
    };
    wheel.schedule(this.#slowDeadline, limits.slowMs);
  }

  // --- subscriptions ---

  #subscribe(channels: Cursors): void {
    const most = this.#hub.limits.subscriptions;
    const tooMany = tooManyNamed(channels.size, most);
    if (tooMany) this.reject(tooMany); // which ends it
    for (const [channel, from] of channels) {
      if (this.ended) return;
      try {
        checkLogName(channel);
        this.#hub.rules?.checkChannel(channel);
        this.#unsubscribe(channel);
        const count = countOf(this.#subscriptions) + (this.#guard?.waiting ?? 0);
        if (count >= most) throw tooManySubscriptions(channel, most);
        if (this.#guard) this.#guard.subscribe(channel, from);
        else this.#enter(channel, from);
      } catch (thrown) {
        this.#refuseSubscription(channel, toEitherwayError(thrown));
      }
    }
  }

  #enter(channel: string, from: Cursor): void {
    const subscription = new Subscription(this.#hub.topic(channel), this, from);
    this.#subscriptions = withSubscription(this.#subscriptions, subscription);
    this.queueRead(subscription);
  }

  #refuseSubscription(channel: string, error: EitherwayError): void {
    const { code, cause = error } = error;
    this.#hub.metrics.count(`subscriptions.refused.${code}`);
    if (code === "internal") this.#hub.logger.error("subscription failed", { channel, cause: String(cause) });
    this.writeFrame({ t: "error", channel, ...errorFields(error) });
  }

  #unsubscribe(channel: string): void {
    this.#guard?.leave(channel);
    const subscription = findSubscription(this.#subscriptions, channel);
    if (!subscription) return;
    subscription.end();
    this.#subscriptions = withoutSubscription(this.#subscriptions, subscription);
  }

  #pumpReads(): void {
    while (!this.full && !this.ended && this.#reading < READS_AT_ONCE) {
      const subscription = this.#reads?.shift();
      if (this.#reads?.length === 0) this.#reads = undefined;
      if (!subscription) return;
      if (subscription.state === "ended") continue;
      this.#reading++;
      subscription.read().then(
        () => {
          this.#reading--;
          this.#pumpReads();
        },
        (thrown: unknown) => this.#broken(thrown),
      );
    }
  }

  /** Not even the failure could be written: the link is beyond repair, and must not take the process along. */
  #broken(thrown: unknown): void {
    this.#hub.logger.error("link failed", { cause: String(thrown) });
    this.bye("internal", "The server failed on this link; its log tells more.");
  }

  // --- authority ---

  #guarded(): Guarded {
    return {
      subscribed: () => Array.from(listOf(this.#subscriptions), ({ topic }) => topic.channel),
      enter: (channel, from) => this.#enter(channel, from),
      refuse: (channel, error) => this.#refuseSubscription(channel, error),
      unsubscribe: (channel) => this.#unsubscribe(channel),
      become: (who) => {
        this.who = who;
      },
      warn: (left) => this.writeFrame({ t: "refresh", left }),
      bye: (code, message) => this.bye(code, message),
    };
  }

  /** Ends what was taken back, as far as it is of this link. Whether anything was. */
  revoked(revocation: Revocation): boolean {
    return this.#guard?.revoked(revocation) ?? false;
  }

  // --- commands ---

  #paced(): Pace {
    this.#pace ??= new Pace(this.#hub, this.#hub.rates, this);
    return this.#pace;
  }

  #command(frame: CommandFrame): void {
    this.#commands ??= new CommandQueue(this.#hub, this);
    this.#commands.push(frame);
  }

  gather(): void {
    this.#hub.cork(this);
  }

  /** A peer that takes no answers, waits for many or is too fast is not read from: else its zeal were our memory (P6). */
  checkReading(): void {
    const unanswered = this.#commands?.unanswered ?? 0;
    const pause = this.full || unanswered >= this.#hub.limits.inFlight || this.#pace?.isOver === true;
    if (pause === this.#readingPaused || this.ended) return;
    this.#readingPaused = pause;
    this.link.setReading(!pause);
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    const { wheel } = this.#hub;
    wheel.cancel(this);
    this.#letGo?.();
    if (this.#slowDeadline) wheel.cancel(this.#slowDeadline);
    this.#guard?.stop();
    this.#pace?.stop();
    for (const subscription of listOf(this.#subscriptions)) subscription.end();
    this.#subscriptions = undefined;
    this.#reads = undefined;
  }
}
