/** Holds a link to the rate of commands: what is too fast is not read for a while, so nothing is lost and nothing overtakes. */
import type { ClientFrame, EitherwayError } from "../protocol/index.ts";
import { peerOf } from "./audit.ts";
import type { Identity } from "./authority.ts";
import type { Commander } from "./command-queue.ts";
import { type CommandRates, tooFast } from "./command-rates.ts";
import type { Hub } from "./hub-api.ts";
import { type FullAt, spend, waitMs } from "./rate.ts";
import type { WheelTask } from "./timer-wheel.ts";

export interface Paced extends Pick<Commander, "bye" | "checkReading"> {
  readonly who: Identity;
}

/** What it needs of the hub. */
type PaceOwner = Pick<Hub, "audit" | "clock" | "metrics" | "wheel">;

/** A class: there is one object for each link that sends commands. */
export class Pace implements WheelTask {
  /** The link has sent more than it may: it is not to be read. */
  isOver = false;
  wheelSlot: Set<WheelTask> | undefined = undefined;
  wheelTick = 0;
  readonly #hub: PaceOwner;
  readonly #rates: CommandRates;
  readonly #session: Paced;
  #fullAt: FullAt = 0;
  /** Frames that came though the link is not read. */
  #ignoring = 0;

  constructor(hub: PaceOwner, rates: CommandRates, session: Paced) {
    this.#hub = hub;
    this.#rates = rates;
    this.#session = session;
  }

  /** Commands have come. Ends a link that goes on to send though nobody reads. */
  spend(count: number): void {
    const { clock, metrics, wheel } = this.#hub;
    const { rate, ofLink } = this.#rates;
    const now = clock.now();
    this.#fullAt = spend(rate, this.#fullAt, count, now);
    const own = waitMs(rate, this.#fullAt, now);
    const wait = Math.max(own, ofLink(this.#session.who, count));
    if (wait === 0) return;
    metrics.count("commands.delayed", count);
    if (this.isOver && ++this.#ignoring > rate.burst) {
      this.#refuse(tooFast(rate, wait));
      return;
    }
    this.isOver = true;
    wheel.schedule(this, wait);
    this.#session.checkReading();
  }

  #refuse(error: EitherwayError): void {
    this.#hub.audit.refused(error, peerOf(this.#session.who));
    this.#session.bye(error.code, error.message);
  }

  fire(): void {
    this.isOver = false;
    this.#ignoring = 0;
    this.#session.checkReading();
  }

  stop(): void {
    this.#hub.wheel.cancel(this);
  }
}

/** What a frame is counted as. Subscribing has a broker watch and read, as much work as a publish. */
export function costOf(frame: ClientFrame): number {
  switch (frame.t) {
    case "publish":
    case "call":
    case "presence":
    case "announce":
      return 1;
    case "subscribe":
      return frame.channels.size;
    default:
      return 0;
  }
}
