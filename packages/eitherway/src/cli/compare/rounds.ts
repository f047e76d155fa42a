/** Plays rounds of all sides in turn, so that whatever slows the machine or the network for a while slows them all. */
import { binary } from "../../client/binary.ts";
import {
  type Losses,
  median,
  playRound,
  quantile,
  type RoundPart,
  sortedUp,
  type Tally,
  type Way,
} from "../../instrument/index.ts";
import { createChannels, createClientWay } from "./client-way.ts";
import { type ContentKind, fillFor } from "./content.ts";
import type { FigureName } from "./figure-kinds.ts";
import type { Usage } from "./measured-server.ts";
import type { Path } from "./paths.ts";
import { sharedClock } from "./shared-clock.ts";
import type { Target } from "./target.ts";
import { clockUntil, wayUntil } from "./until.ts";

/** A path, and what it is called in this comparison. */
export interface PathSide {
  readonly id: string;
  readonly name: string;
  readonly path: Path;
}

export interface Content {
  readonly kind: ContentKind;
  /** Of a payload, about. */
  readonly bytes: number;
  readonly perSecond: number;
}

export interface RoundsOptions {
  readonly sides: readonly PathSide[];
  readonly target: Target;
  readonly tally: Tally<FigureName>;
  readonly content: Content;
  /** When no further rounds begin, by the shared clock. */
  readonly until: number;
  readonly signal: AbortSignal;
  /** Hears of each round that all sides have played. */
  onRound(rounds: number): void;
}

/** One trace: enough for a p95, short enough for many rounds. */
const TRACE_MS = 40;
const MIN_MESSAGES = 10;
const BURST_MS = 30;
/** For what is still on its way. Longer than any network that is worth measuring holds a message. */
const PATIENCE_MS = 3_000;
/** Compilers and pools of connections get warm. */
const WARM_UPS = 2;
/** As many messages a second as warm-ups have at least: what is sent seldom would take the time of the rounds. */
const WARM_UP_RATE = 500;
/** A side that takes longer to fail is not tried again: others need the time. */
const HANGS_MS = 5_000;

const P95 = 0.95;
const MS_PER_SECOND = 1_000;

/** What a side's rounds have shown beside its figures. */
export interface SideLosses extends Losses {
  /** How long the ends stood still in each round that was played. */
  readonly pausesMs: number[];
}

/** Resolves with what was lost and doubled, by side. A side that failed in each warm-up, or hung in one, is left out of the rounds. */
export async function playRounds(options: RoundsOptions): Promise<Readonly<Record<string, SideLosses>>> {
  const { sides, until, signal, onRound } = options;
  const losses = new Map<PathSide, SideLosses>(
    sides.map((side) => [side, { sent: 0, lost: 0, doubled: 0, failed: 0, pausesMs: [] }]),
  );
  const hung = new Set<PathSide>();
  const perSecond = Math.max(WARM_UP_RATE, options.content.perSecond);
  const warmUp = { ...options, content: { ...options.content, perSecond }, hung };
  for (let number = -WARM_UPS; number < 0; number++) {
    const all = sides.filter((side) => !hung.has(side));
    await playAll(all, number, losses, warmUp);
  }
  const able = sides.filter((side) => !hung.has(side) && (losses.get(side) as SideLosses).failed < WARM_UPS);
  let lastMs = 0;
  for (let number = 0; able.length > 0 && !signal.aborted && sharedClock.now() + lastMs < until; number++) {
    const began = sharedClock.now();
    await playAll(able, number, losses, options);
    lastMs = sharedClock.now() - began;
    if (!signal.aborted) onRound(number + 1);
  }
  return Object.fromEntries([...losses].map(([{ id }, sum]) => [id, sum]));
}

/** One round of each, the next one in reverse order: what the first one leaves behind must not always meet the same one. */
async function playAll(
  sides: readonly PathSide[],
  number: number,
  losses: ReadonlyMap<PathSide, SideLosses>,
  options: RoundsOptions & { readonly hung?: Set<PathSide> },
): Promise<void> {
  const { tally, signal, hung } = options;
  for (const side of number % 2 === 0 ? sides : [...sides].reverse()) {
    if (signal.aborted) return;
    const sum = losses.get(side) as SideLosses;
    const began = sharedClock.now();
    const played = await playSide(side, options).catch((thrown: Error) => thrown);
    if (signal.aborted && played instanceof Error) return; // whoever stops it may have stopped more than this process
    if (played instanceof Error) {
      Object.assign(sum, { failed: sum.failed + 1, failure: played.message });
      if (sharedClock.now() - began > HANGS_MS) hung?.add(side);
    } else if (number >= 0) take(side.id, number, played, sum, tally);
  }
}

function take(
  side: string,
  round: number,
  { numbers, delays, pausedMs, ...counted }: SidePlayed,
  sum: SideLosses,
  tally: Tally<FigureName>,
): void {
  tally.put(side, round, numbers);
  for (const [name, values] of delays) tally.putDelays(side, name, values);
  sum.pausesMs.push(pausedMs);
  for (const key of ["sent", "lost", "doubled"] as const) sum[key] += counted[key];
}

interface SidePlayed extends Pick<Losses, "sent" | "lost" | "doubled"> {
  readonly numbers: Partial<Record<FigureName, number>>;
  readonly delays: readonly (readonly [FigureName, readonly number[]])[];
  readonly pausedMs: number;
}

async function playSide({ path }: PathSide, { target, content, signal }: RoundsOptions): Promise<SidePlayed> {
  const messages = Math.max(MIN_MESSAGES, Math.round((TRACE_MS / MS_PER_SECOND) * content.perSecond));
  const trace = { messages, everyMs: MS_PER_SECOND / content.perSecond, fill: fillFor(content.bytes) };
  const read = readUsage(target);
  const way: Way = { ...createWay(path, target, content.kind), ...(target.server && { after: read.after }) };
  const plan = { trace, burstMs: BURST_MS, patienceMs: PATIENCE_MS };
  const result = await playRound(wayUntil(signal, way), plan, clockUntil(signal, sharedClock));
  const { openMs, deliveryMs, roundTripMs, upstreamMs, upPerSecond, sent, lost, doubled, pausedMs } = result;
  return {
    ...{ sent, lost, doubled },
    pausedMs: Math.max(pausedMs, read.pausedMs()),
    numbers: {
      open: openMs,
      ...ifAny(deliveryMs, (all) => ({ delivery50: median(all), delivery95: quantile(sortedUp(all), P95) })),
      ...ifAny(roundTripMs, (all) => ({ roundTrip50: median(all), roundTrip95: quantile(sortedUp(all), P95) })),
      ...ifAny(upstreamMs, (all) => ({ upstream50: median(all), upstream95: quantile(sortedUp(all), P95) })),
      ...(upPerSecond !== undefined && { upstreamRate: upPerSecond }),
      ...read.numbers(messages),
    },
    delays: [
      ["delivery50", deliveryMs],
      ["roundTrip50", roundTripMs],
      ["upstream50", upstreamMs],
    ],
  };
}

function ifAny<Numbers>(values: readonly number[], make: (values: readonly number[]) => Numbers): Numbers | undefined {
  return values.length > 0 ? make(values) : undefined;
}

/** Bytes go as bytes where that can be: over WebSocket. */
export function createWay(path: Path, target: Target, kind: ContentKind): Way {
  const channels = createChannels();
  const { server } = target;
  return createClientWay({
    createClient: () => path.createClient(target.urlOf(path), kind === "bytes" ? { framing: binary } : {}),
    channels,
    kind,
    order: (trace) => target.order(channels.down, kind, trace),
    ...(server && { heard: () => server.heard({ channel: channels.up }) }),
  });
}

/** What the server used for each part of a round. */
function readUsage({ server }: Target) {
  const at = new Map<RoundPart, Usage>();
  const cpuBetween = (from: RoundPart, to: RoundPart, messages: number): number => {
    const [before, after] = [at.get(from), at.get(to)];
    return before && after ? (after.cpuMicros - before.cpuMicros) / messages : Number.NaN;
  };
  return {
    async after(part: RoundPart): Promise<void> {
      if (server) at.set(part, await server.usage({ collected: false }));
    },
    pausedMs: (): number => Math.max(0, ...[...at.values()].map((usage) => usage.pausedMs)),
    numbers(messages: number): Partial<Record<FigureName, number>> {
      if (at.size === 0) return {};
      return {
        cpuDown: cpuBetween("open", "down", messages),
        cpuUp: cpuBetween("down", "up", messages),
      };
    },
  };
}
