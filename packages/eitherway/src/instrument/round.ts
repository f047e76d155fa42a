/**
 * One round of one side: the same messages at the same times over whatever carries them, in Node and in a browser alike.
 *
 * Messages go out at fixed times whether or not earlier ones have arrived, so a stall is felt by all that were sent while it lasted
 * (no "coordinated omission"). Each has a number: what is lost or doubled is counted, not averaged away.
 */

/** What a round is played over: a channel by one connection, whatever the transport. */
export interface Way {
  /** A new connection; resolves once the channel is live over it. */
  open(): Promise<void>;
  /** Resolves with the answer that the message is stored. */
  publish(message: RoundMessage): Promise<unknown>;
  /** Has the far end send such a trace to this channel, and resolves once the last message is on its way. */
  order(trace: Trace): Promise<void>;
  /** Every message of the channel, also those that this way published. */
  onMessage(listener: (message: RoundMessage) => void): void;
  /** Called when a part of the round is over and nothing is on its way: for what else is to be read off. */
  after?(part: RoundPart): Promise<void>;
  close(): Promise<void>;
}

/** `down`: what comes by order; `up`: this way's own trace; `burst`: as much as goes up. */
export type RoundPart = "open" | "down" | "up" | "burst";

export interface RoundMessage {
  readonly part: Exclude<RoundPart, "open">;
  /** From 0, per part. */
  readonly number: number;
  /** When it was sent, in ms, by the clock of whoever sent it. */
  readonly at: number;
  /** What makes it as long as it is to be. */
  readonly fill: string;
}

export interface Trace {
  readonly messages: number;
  readonly everyMs: number;
  readonly fill: string;
}

export interface RoundPlan {
  readonly trace: Trace;
  /** For how long as much as possible goes up; 0: not at all. */
  readonly burstMs: number;
  /** What still comes after the last message was sent is waited for that long. */
  readonly patienceMs: number;
}

export interface RoundClock {
  /** Milliseconds, never backwards. */
  now(): number;
  /** Calls back after so many milliseconds, not before, unless it is undone. */
  after(ms: number, run: () => void): () => void;
}

export interface RoundResult {
  /** From nothing to the live channel. */
  readonly openMs: number;
  /** From the far end to here, in so far as both have one clock. */
  readonly deliveryMs: readonly number[];
  /** From a publish to its answer. */
  readonly roundTripMs: readonly number[];
  /** From a publish to its own arrival as a message. */
  readonly echoMs: readonly number[];
  /** Answered publishes of the burst; absent without one. */
  readonly upPerSecond?: number;
  /** Messages that did not arrive in time, of all that were sent. */
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
}

/** Publishes that may be on their way at once: above what a round trip takes, far below what any server refuses. */
export const BURST_WINDOW = 32;

const MS_PER_SECOND = 1_000;

/** Plays the round and closes the way, whatever happens. Rejects when the way fails: such a round says nothing. */
export async function playRound(way: Way, plan: RoundPlan, clock: RoundClock): Promise<RoundResult> {
  const arrivals = createArrivals(clock);
  way.onMessage(arrivals.take);
  try {
    const began = clock.now();
    await way.open();
    const openMs = clock.now() - began;
    await way.after?.("open");
    await way.order(plan.trace);
    await arrivals.have("down", plan.trace.messages, plan.patienceMs);
    await way.after?.("down");
    const roundTripMs = await publishTrace(way, plan.trace, clock);
    await arrivals.have("up", plan.trace.messages, plan.patienceMs);
    await way.after?.("up");
    const burst = await publishBurst(way, plan, clock);
    await arrivals.have("burst", burst.sent, plan.patienceMs);
    await way.after?.("burst");
    const sent = 2 * plan.trace.messages + burst.sent;
    return {
      openMs,
      deliveryMs: arrivals.delays("down"),
      roundTripMs,
      echoMs: arrivals.delays("up"),
      ...(burst.perSecond !== undefined && { upPerSecond: burst.perSecond }),
      sent,
      lost: sent - arrivals.count(),
      doubled: arrivals.doubled(),
    };
  } finally {
    await way.close();
  }
}

/** Sends at fixed times, and resolves with the delays of all answers. Used at the far end too, with its own `publish`. */
export async function playTrace(
  { messages, everyMs }: Pick<Trace, "messages" | "everyMs">,
  clock: RoundClock,
  send: (number: number, at: number) => Promise<unknown>,
): Promise<number[]> {
  const began = clock.now();
  const answers: Promise<number>[] = [];
  for (let number = 0; number < messages; number++) {
    const due = began + number * everyMs;
    const early = due - clock.now();
    if (early > 0) await new Promise<void>((resolve) => clock.after(early, resolve));
    const at = clock.now(); // not when it was due: timers of whole milliseconds are late by more than a local network takes
    answers.push(send(number, at).then(() => clock.now() - at));
  }
  return Promise.all(answers);
}

function publishTrace(way: Way, trace: Trace, clock: RoundClock): Promise<number[]> {
  return playTrace(trace, clock, (number, at) => way.publish({ part: "up", number, at, fill: trace.fill }));
}

/** As much as `BURST_WINDOW` unanswered publishes allow. */
async function publishBurst(way: Way, { burstMs, trace: { fill } }: RoundPlan, clock: RoundClock) {
  if (burstMs === 0) return { sent: 0 };
  const began = clock.now();
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (clock.now() - began < burstMs) {
      await way.publish({ part: "burst", number: sent++, at: clock.now(), fill });
    }
  };
  await Promise.all(Array.from({ length: BURST_WINDOW }, lane));
  return { sent, perSecond: (MS_PER_SECOND * sent) / (clock.now() - began) };
}

interface Arrivals {
  take(message: RoundMessage): void;
  /** Resolves once so many of the part are here, or the patience is over. */
  have(part: RoundMessage["part"], count: number, patienceMs: number): Promise<void>;
  /** Of the first arrival of each message, in the order of arrival. */
  delays(part: RoundMessage["part"]): readonly number[];
  count(): number;
  doubled(): number;
}

function createArrivals(clock: RoundClock): Arrivals {
  const parts = { down: new Map<number, number>(), up: new Map<number, number>(), burst: new Map<number, number>() };
  let doubled = 0;
  let look = (): void => {};
  return {
    take({ part, number, at }) {
      if (parts[part].has(number)) doubled++;
      else parts[part].set(number, clock.now() - at);
      look();
    },
    async have(part, count, patienceMs) {
      let impatient = (): void => {};
      await new Promise<void>((resolve) => {
        impatient = clock.after(patienceMs, resolve);
        look = () => {
          if (parts[part].size >= count) resolve();
        };
        look();
      });
      impatient();
    },
    delays: (part) => [...parts[part].values()],
    count: () => parts.down.size + parts.up.size + parts.burst.size,
    doubled: () => doubled,
  };
}
