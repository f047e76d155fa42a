/** A run of the page, from its first probe to its comparison. What was measured until a stop is kept and marked. */
import {
  type ClockOffset,
  type Comparison,
  createClockBounds,
  createTally,
  type FaultOutcome,
  type Finding,
  FORM,
  findWhatHurts,
  type Side,
} from "eitherway/instrument";
import { pageClock } from "./clock.ts";
import { tryCut } from "./cut.ts";
import { FIGURES, type FigureName } from "./figure-kinds.ts";
import { probe } from "./probe.ts";
import { createPostPublisher, createSocketPublisher, type Publisher } from "./publisher.ts";
import { type Played, playRounds, ROUNDS } from "./rounds.ts";
import { browserName, httpVersion } from "./surroundings.ts";
import { type MeasuredSide, SIDES } from "./way.ts";

export interface Run {
  readonly comparison: Comparison;
  readonly clocks: ClockOffset | undefined;
}

export interface MeasureOptions {
  /** Its reason is a sentence for people, without a full stop. */
  readonly signal: AbortSignal;
  /** Hears what is going on, for people, and how much of the whole is done, from 0 to 1. */
  tell(what: string, done: number): void;
  /** Hears of each round. */
  onRun(run: Run): void;
}

/** Shares of the whole, by how long things take. */
const DONE = { probes: 0.05, rounds: 0.85 };
const MS_PER_SECOND = 1_000;
const RANDOM_DIGITS = 8;

/** Rejects where the server takes no messages at all: then there is nothing to compare. */
export async function measure({ signal, tell, onRun }: MeasureOptions): Promise<Run> {
  const began = pageClock.now();
  const channel = `which/${crypto.randomUUID().slice(0, RANDOM_DIGITS)}`;
  const tally = createTally<FigureName>(FIGURES);
  const bounds = createClockBounds();
  const posts = createPostPublisher();

  tell("Looking which transports get through", 0);
  const roundTripMs = await quickestPost(channel, posts, signal);
  const refusals = await probeAll(channel, posts, signal);
  const [able, unable] = divide(refusals);
  const publisher = able.some(({ id }) => id === "ws") ? createSocketPublisher() : posts;

  const sides = [...able, ...unable].map(({ id, name }): Side => ({ id, name })); // the first one is what others are compared with
  const runOf = (
    { rounds, ended }: Pick<Played, "rounds" | "ended">,
    findings: readonly Finding[],
    faults: readonly FaultOutcome[],
  ): Run => ({
    clocks: bounds.offset(),
    comparison: {
      form: FORM,
      made: {
        at: new Date().toISOString(),
        machine: browserName(),
        between: [location.origin, httpVersion() ?? []].flat().join(" over "),
        plan: "page",
        rounds,
        seconds: (pageClock.now() - began) / MS_PER_SECOND,
        ...(ended !== undefined && { partial: ended }),
        ...(signal.aborted && { partial: String(signal.reason) }),
      },
      sides,
      figures: tally.figures(sides),
      findings: [...refusals.values(), ...findings].filter((finding) => finding !== undefined),
      faults,
    },
  });

  try {
    const played = await playRounds({
      ...{ sides: able, channel, publisher, roundTripMs, tally, bounds, signal },
      onRound(rounds) {
        tell(`Round ${rounds} of ${ROUNDS}`, DONE.probes + (DONE.rounds - DONE.probes) * (rounds / ROUNDS));
        onRun(runOf({ rounds }, [], []));
      },
    });
    const findings = played.observed.flatMap(findWhatHurts);
    if (signal.aborted || played.ended !== undefined) return runOf(played, findings, []);
    tell("Cutting connections while messages come", DONE.rounds);
    const { everyMs } = played;
    const faults = await tryCut({ sides: able, channel: `${channel}/cut`, publisher, everyMs, signal });
    return runOf(played, findings, faults);
  } finally {
    await publisher.close();
  }
}

/** One after the other: the first one's failure must not be the other's doing. */
async function probeAll(channel: string, publisher: Publisher, signal: AbortSignal) {
  const refusals = new Map<MeasuredSide, Finding | undefined>();
  for (const side of SIDES) {
    refusals.set(side, await probe({ side, channel: `${channel}/probe-${side.id}`, publisher, signal }));
  }
  return refusals;
}

function divide(refusals: ReadonlyMap<MeasuredSide, Finding | undefined>) {
  const sides = [...refusals.keys()];
  return [sides.filter((side) => !refusals.get(side)), sides.filter((side) => refusals.get(side))] as const;
}

/** The first ones open what the browser keeps open from then on. */
async function quickestPost(channel: string, posts: Publisher, signal: AbortSignal): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let number = 0; number < FIRST_POSTS; number++) {
    const began = pageClock.now();
    await posts.publish(channel, { part: "down", number, at: began, fill: "" }, signal);
    quickest = Math.min(quickest, pageClock.now() - began);
  }
  return quickest;
}

const FIRST_POSTS = 3;
