/** The commands of one link: answered in order, one batch at a time; what takes longer is answered when it is done. */
import {
  type CommandFrame,
  type EitherwayError,
  type ErrorCode,
  isRetryable,
  type ServerFrame,
} from "../protocol/index.ts";
import { answerFrame } from "./answer-frame.ts";
import type { Identity } from "./authority.ts";
import { createHeldChannels, type HeldChannels } from "./held-channels.ts";
import type { CommandAnswer, CommandOutcome, Hub } from "./hub-api.ts";

/** The session as its commands see it. */
export interface Commander {
  readonly who: Identity;
  readonly full: boolean;
  readonly ended: boolean;
  writeFrame(frame: ServerFrame): void;
  /** What is written up to the end of this turn leaves together. */
  gather(): void;
  /** What its reading depends on has changed. */
  checkReading(): void;
  bye(code: ErrorCode, message: string): void;
}

/** A class: there is one object for each link that publishes. */
export class CommandQueue {
  readonly #hub: Pick<Hub, "run" | "limits" | "metrics">;
  readonly #session: Commander;
  readonly #commands: CommandFrame[] = [];
  #held: HeldChannels | undefined;
  #working = false;
  /** Calls, and messages that wait for their windows. */
  #running = 0;

  constructor(hub: Pick<Hub, "run" | "limits" | "metrics">, session: Commander) {
    this.#hub = hub;
    this.#session = session;
  }

  /** Commands without an answer. */
  get unanswered(): number {
    return this.#commands.length + this.#running;
  }

  push(frame: CommandFrame): void {
    this.#commands.push(frame);
    if (this.unanswered === this.#hub.limits.inFlight) this.#hub.metrics.count("links.paused");
    this.#session.checkReading();
    this.goOn();
  }

  /** There is room for answers. */
  goOn(): void {
    if (!this.#working) void this.#work();
  }

  /** Never rejects: `hub.run` turns every failure into an answer. */
  async #work(): Promise<void> {
    this.#working = true;
    const commands = this.#commands;
    const session = this.#session;
    while (commands.length > 0 && !session.ended && !session.full) {
      const waiting = commands.splice(0);
      const batch = this.#held?.admit(waiting, (answer) => session.writeFrame(answerFrame(answer))) ?? waiting;
      if (batch.length === 0) continue;
      const answers = await this.#hub.run(batch, session.who);
      session.gather(); // with the run that the commands made
      for (const [i, answer] of answers.entries()) this.#answer(batch[i] as CommandFrame, answer);
      const last = answers.at(-1);
      if (last && !("later" in last) && !last.ok && isRetryable(last.error.code)) {
        this.#hold(batch[answers.length - 1] as CommandFrame, last.error);
        commands.unshift(...batch.slice(answers.length));
      }
    }
    this.#working = false;
    session.checkReading();
  }

  #answer(command: CommandFrame, outcome: CommandOutcome): void {
    if ("later" in outcome) {
      this.#running++;
      void outcome.later.then((answer) => this.#answerLater(command, answer));
    } else this.#session.writeFrame(answerFrame(outcome));
  }

  #answerLater(command: CommandFrame, answer: CommandAnswer): void {
    this.#running--;
    const session = this.#session;
    if (session.ended) return;
    session.gather();
    if (session.full)
      this.push(command); // its answer is kept, and comes once there is room
    else this.#answer(command, answer);
    session.checkReading();
  }

  #hold(command: CommandFrame, error: EitherwayError): void {
    this.#held ??= createHeldChannels();
    this.#held.hold(command, error);
    // More than a well-behaved client has channels: not worth the memory, and a new link starts clean.
    if (this.#held.size > this.#hub.limits.subscriptions) this.#session.bye(error.code, error.message);
  }
}
