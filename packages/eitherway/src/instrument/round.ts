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
  /** Resolves with the answer that the message is stored. Best to a channel that nobody listens to: what goes up is measured alone then. */
  publish(message: RoundMessage): Promise<unknown>;
  /** Has the far end send such a trace to this way's channel, and resolves once the last message is on its way. */
  order(trace: Trace): Promise<void>;
  /** Every message of that channel. */
  onMessage(listener: (message: RoundMessage) => void): void;
  /** What the far end got of this way's publishes since it was last asked, as it came. Absent: it cannot be asked. */
  heard?(): Promise<readonly Heard[]>;
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

/** A publish as the far end saw it. */
export interface Heard extends Pick<RoundMessage, "part" | "number"> {
  /** One way, in so far as both ends have one clock. */
  readonly delayMs: number;
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
  /** From a publish to its arrival at the far end; empty where that cannot be asked. Of the trace alone, like the round trip. */
  readonly upstreamMs: readonly number[];
  /** Answered publishes of the burst; absent without one. */
  readonly upPerSecond?: number;
  /** Both ways. */
  readonly sent: number;
  /** Did not arrive in time: deliveries that did not come, publishes that the far end did not get, or else did not answer. */
  readonly lost: number;
  readonly doubled: number;
  /** For how long this end itself could do nothing at a stretch: a pause of its own machine is none of the way's. */
  readonly pausedMs: number;
}

/** Publishes that may be on their way at once: above what a round trip takes, far below what any server refuses. */
export const BURST_WINDOW = 32;

const MS_PER_SECOND = 1_000;

/** Plays the round and closes the way, whatever happens. Rejects when the way fails: such a round says nothing. */
export async function playRound(way: Way, plan: RoundPlan, clock: RoundClock): Promise<RoundResult> {
  const { trace, patienceMs } = plan;
  const deliveries = createDeliveries(clock);
  const pauses = watchPauses(clock);
  way.onMessage(deliveries.take);
  try {
    const began = clock.now();
    await way.open();
    const openMs = clock.now() - began;
    await way.after?.("open");
    await way.order(trace);
    await deliveries.have(trace.messages, patienceMs);
    await way.after?.("down");
    const roundTripMs = await publishTrace(way, plan, clock);
    await way.after?.("up");
    const burst = await publishBurst(way, plan, clock);
    await way.after?.("burst");
    const heard = await way.heard?.();
    const published = trace.messages + burst.sent;
    const arrived = heard ? new Set(heard.map(nameOf)).size : roundTripMs.length + burst.answered;
    return {
      openMs,
      deliveryMs: deliveries.delays(),
      roundTripMs,
      upstreamMs: heard?.filter(({ part }) => part === "up").map(({ delayMs }) => delayMs) ?? [],
      ...(burst.perSecond !== undefined && { upPerSecond: burst.perSecond }),
      sent: trace.messages + published,
      lost: trace.messages - deliveries.delays().length + published - arrived,
      doubled: deliveries.doubled() + (heard ? heard.length - arrived : 0),
      pausedMs: pauses.longest(),
    };
  } finally {
    pauses.stop();
    await way.close();
  }
}

function nameOf({ part, number }: Heard): string {
  return `${part} ${number}`;
}

/** Sends at fixed times, and resolves with the delays of all answers. Used at the far end too, with its own `send`. */
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
    const answer = send(number, at).then(() => clock.now() - at);
    answer.catch(() => {}); // is heard of below, once all are sent
    answers.push(answer);
  }
  return Promise.all(answers);
}

/** Resolves with the delays of all answers that came in time. */
async function publishTrace(way: Way, { trace, patienceMs }: RoundPlan, clock: RoundClock): Promise<number[]> {
  const delays: number[] = [];
  const all = playTrace(trace, clock, async (number, at) => {
    await way.publish({ part: "up", number, at, fill: trace.fill });
    delays.push(clock.now() - at);
  });
  await within(trace.messages * trace.everyMs + patienceMs, all, clock);
  return delays;
}

/** As much as `BURST_WINDOW` unanswered publishes allow. */
async function publishBurst(way: Way, { burstMs, patienceMs, trace: { fill } }: RoundPlan, clock: RoundClock) {
  if (burstMs === 0) return { sent: 0, answered: 0 };
  const began = clock.now();
  let sent = 0;
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (clock.now() - began < burstMs) {
      await way.publish({ part: "burst", number: sent++, at: clock.now(), fill });
      answered++;
    }
  };
  await within(burstMs + patienceMs, Promise.all(Array.from({ length: BURST_WINDOW }, lane)), clock);
  return { sent, answered, perSecond: (MS_PER_SECOND * answered) / (clock.now() - began) };
}

/** Waits for the work, but no longer than that. Rejects as the work does while it is waited for. */
async function within(ms: number, work: Promise<unknown>, clock: RoundClock): Promise<void> {
  let undo = (): void => {};
  const late = new Promise<void>((resolve) => {
    undo = clock.after(ms, resolve);
  });
  work.catch(() => {}); // what fails later, as the way closes, was counted as unanswered
  await Promise.race([work, late]).finally(undo);
}

interface Deliveries {
  take(message: RoundMessage): void;
  /** Resolves once so many are here, or the patience is over. */
  have(count: number, patienceMs: number): Promise<void>;
  /** Of the first arrival of each message, in the order of arrival. */
  delays(): readonly number[];
  doubled(): number;
}

function createDeliveries(clock: RoundClock): Deliveries {
  const delays = new Map<number, number>();
  let doubled = 0;
  let look = (): void => {};
  return {
    take({ part, number, at }) {
      if (part !== "down") return;
      if (delays.has(number)) doubled++;
      else delays.set(number, clock.now() - at);
      look();
    },
    async have(count, patienceMs) {
      const all = new Promise<void>((resolve) => {
        look = () => {
          if (delays.size >= count) resolve();
        };
      });
      look();
      await within(patienceMs, all, clock);
    },
    delays: () => [...delays.values()],
    doubled: () => doubled,
  };
}

const HEARTBEAT_MS = 10;

/** A timer that comes late tells that nothing ran meanwhile. */
function watchPauses(clock: RoundClock) {
  let longest = 0;
  let due = 0;
  let undo = (): void => {};
  const beat = (): void => {
    if (due > 0) longest = Math.max(longest, clock.now() - due);
    due = clock.now() + HEARTBEAT_MS;
    undo = clock.after(HEARTBEAT_MS, beat);
  };
  beat();
  return { longest: () => Math.max(longest, clock.now() - due), stop: () => undo() };
}
