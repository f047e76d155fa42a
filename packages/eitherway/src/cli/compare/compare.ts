/** A comparison from its plan to its form. What goes wrong with one side is a finding; what was measured until a stop is kept. */
import { cpus, release, type as system } from "node:os";
import process from "node:process";
import {
  type Comparison,
  createTally,
  type Finding,
  FORM,
  findRoundTrip,
  findWhatHurts,
  quantile,
  type Side,
  sortedUp,
} from "../../instrument/index.ts";
import { measureBrowser } from "./browser-limits.ts";
import { playExtras } from "./extras.ts";
import { playFaults } from "./faults.ts";
import { FIGURES } from "./figure-kinds.ts";
import type { Path } from "./paths.ts";
import { type Plan, TimeOver } from "./plan.ts";
import { type Content, type PathSide, playRounds, type RoundsOptions, type SideLosses } from "./rounds.ts";
import { sharedClock } from "./shared-clock.ts";
import { measureSizes } from "./sizes.ts";
import type { Target } from "./target.ts";

export interface CompareOptions {
  readonly plan: Plan;
  /** One may be named twice: it is compared with itself. */
  readonly paths: readonly Path[];
  readonly target: Target;
  /** What to type for the same again. */
  readonly command: string;
  /** For people, what was done to the network. */
  readonly shape?: string;
  readonly content: Content;
  /** The program to ask how much a browser keeps open; absent: none is asked. */
  readonly chromium?: string | undefined;
  /** Ends it early; what is measured is kept. */
  readonly signal: AbortSignal;
  /** Hears what is going on, for people. */
  tell(what: string): void;
}

const MS_PER_SECOND = 1_000;

export async function compare(options: CompareOptions): Promise<Comparison> {
  const { plan, target, command, shape, content, signal, tell } = options;
  const began = sharedClock.now();
  const sides = sidesOf(options.paths);
  const tally = createTally(FIGURES);
  const common = { sides, target, tally, signal };
  let rounds = 0;
  await measureSizes({ ...common, content });
  const losses = await playRounds({
    ...common,
    content,
    until: began + plan.roundsSeconds * MS_PER_SECOND,
    onRound(count) {
      rounds = count;
      tell(`round ${count}, ${Math.round((sharedClock.now() - began) / MS_PER_SECOND)} of ${plan.roundsSeconds} s`);
    },
  });
  if (plan.openings > 0 && !signal.aborted) {
    tell("opening connections, counting memory, sending payloads of each kind");
    const able = sides.filter(({ id }) => losses[id]?.sent !== 0);
    const onFailure = ({ id }: PathSide, { message }: Error): void => {
      const sum = losses[id] as SideLosses;
      if (!signal.aborted) Object.assign(sum, { failed: sum.failed + 1, failure: message });
    };
    await playExtras({ ...common, sides: able, openings: plan.openings, crowd: plan.crowd, onFailure });
  }
  const troubles = plan.hasTroubles && target.server && !signal.aborted ? await playTroubles(options, sides) : {};
  return {
    form: FORM,
    made: {
      at: new Date().toISOString(),
      machine: machine(),
      between: target.between,
      command,
      ...(shape !== undefined && { shape }),
      plan: plan.name,
      rounds,
      seconds: (sharedClock.now() - began) / MS_PER_SECOND,
      ...(signal.aborted && { partial: partialText(signal) }),
    },
    sides: sides.map(toSide),
    figures: tally.figures(sides.map(toSide)),
    findings: findings({ sides, tally, losses, everyMs: MS_PER_SECOND / content.perSecond }),
    faults: [],
    ...troubles,
  };
}

function partialText({ reason }: AbortSignal): string {
  return `${reason instanceof TimeOver ? "its time was over" : "stopped"} before its plan was done`;
}

/** How long a way stays closed. Clients try a few times meanwhile, and their pauses grow. */
const CLOSED_MS = 4_000;
/** Above the 35 s after which a silent long-poll is given up, and the 10 s for a next attempt that meets a dead connection too. */
const PATIENCE_MS = 60_000;
/** A second silent long-poll is given up after 35 s as well, and the next attempt may take 10 s. */
const LATE_MS = 50_000;
const BROWSER_MS = 40_000;

/** Side by side: both are idle most of the time. */
async function playTroubles({ signal, tell, chromium }: CompareOptions, sides: readonly PathSide[]) {
  tell("breaking connections, and looking how much a browser keeps open; this takes up to two minutes");
  const [faults, browser] = await Promise.all([
    playFaults({ sides, signal, closedMs: CLOSED_MS, patienceMs: PATIENCE_MS, lateMs: LATE_MS }),
    chromium === undefined ? undefined : measureBrowser(chromium, { signal, limitMs: BROWSER_MS }),
  ]);
  return { faults, ...(browser && { browser }) };
}

interface Played extends Pick<RoundsOptions, "sides" | "tally"> {
  readonly losses: Readonly<Record<string, SideLosses>>;
  readonly everyMs: number;
}

function findings({ sides, tally, losses, everyMs }: Played): readonly Finding[] {
  // What only buffers on the way down hold back goes up freely.
  const quickestUp = sides.flatMap(({ id }) => tally.delays(id, "upstream50").flat());
  const baseMs = quickestUp.length > 0 ? quantile(sortedUp(quickestUp), QUICKEST) : undefined;
  return sides.flatMap((path) => {
    const side = toSide(path);
    return [
      ...findRoundTrip(side, tally.delays(side.id, "roundTrip50")),
      ...findWhatHurts({
        ...{ side, everyMs, baseMs },
        rounds: tally.delays(side.id, "delivery50"),
        answers: tally.delays(side.id, "roundTrip50"),
        gathers: path.path.id === "poll",
        losses: losses[side.id] as SideLosses,
        pausesMs: losses[side.id]?.pausesMs ?? [],
      }),
    ];
  });
}

/** Not the very quickest, which may be a slip of a clock. */
const QUICKEST = 0.05;

function toSide({ id, name }: PathSide): Side {
  return { id, name };
}

function sidesOf(paths: readonly Path[]): readonly PathSide[] {
  const seen = new Map<string, number>();
  return paths.map((path) => {
    const count = (seen.get(path.id) ?? 0) + 1;
    seen.set(path.id, count);
    const [id, name] = count === 1 ? [path.id, path.name] : [`${path.id}#${count}`, `${path.name} #${count}`];
    return { id, name, path };
  });
}

function machine(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model ?? "unknown processor"}, ${system()} ${release()}, Node ${process.versions.node}`;
}
