/**
 * The form in which a comparison of transports is kept and shown: by `eitherway compare`, by the page that measures in a browser, and
 * by whoever reads their JSON. One form, so that the words about a figure are the same everywhere.
 */
import { type Summary, summarize, type Tail } from "./sample.ts";
import { judge, type Verdict } from "./verdict.ts";

export const FORM = "eitherway-comparison/1";

export interface Comparison {
  readonly form: typeof FORM;
  readonly made: Made;
  /** The first one is what the others are compared with. */
  readonly sides: readonly Side[];
  readonly figures: readonly Figure[];
  /** What the way between the ends does to messages. Empty: nothing that was looked for. */
  readonly findings: readonly Finding[];
  /** What each side lived through. Empty where no fault was tried. */
  readonly faults: readonly FaultOutcome[];
  /** What a browser of this machine allows. */
  readonly browser?: BrowserLimits;
}

export interface Made {
  /** ISO 8601. */
  readonly at: string;
  /** For people: processor, system, runtime or browser. */
  readonly machine: string;
  /** For people: `loopback`, or the URL. */
  readonly between: string;
  /** What was done to the network on purpose, for people; absent: nothing. */
  readonly shape?: string;
  /** `quick`, `default`, `full`, or `page`. */
  readonly plan: string;
  readonly rounds: number;
  readonly seconds: number;
  /** What to type for the same again; absent where it was not made by a command. */
  readonly command?: string;
  /** Why it ended before its plan; absent: it did not. */
  readonly partial?: string;
}

export interface Side {
  /** Unique in the comparison: `ws`, or `ws#2` where one is compared with itself. */
  readonly id: string;
  /** For people: `WebSocket`. */
  readonly name: string;
}

/** Rows of the table that people choose by. */
export type Row = "direction" | "protocol" | "format" | "browser" | "reconnection";

export type Unit = "ms" | "us" | "bytes" | "per-second" | "percent" | "count";

/** What is measured, as data. */
export interface FigureKind {
  /** Stable: `delivery.p50`. */
  readonly id: string;
  readonly row: Row;
  /** For people, without the unit: `server to client, p50`. */
  readonly title: string;
  readonly unit: Unit;
  readonly better: "less" | "more";
  /** One or two sentences: what exactly, and how. */
  readonly about: string;
  /** Whether sides are judged by it. What is exact or measured once is shown and not judged. */
  readonly judged: boolean;
}

export interface Figure extends FigureKind {
  /** By the id of the side; absent: not measured there. */
  readonly values: Readonly<Record<string, FigureValue>>;
}

export interface FigureValue {
  readonly summary: Summary;
  /** One number a round, in the order of the rounds; `null`: not measured in that one. */
  readonly rounds: readonly (number | null)[];
  /** Of delays: over all messages of all rounds. */
  readonly tail?: Tail;
  /** Against the first side. */
  readonly verdict?: Verdict;
}

export interface Finding {
  /** `stalls`, `buffering`, `round-trip`, `late`, `doubled`, `failed`. */
  readonly id: string;
  readonly side: string;
  /** One sentence with its number. */
  readonly says: string;
  /** The number: of `stalls` p99 by p50, of `buffering` the longest time held back in a usual round, of `round-trip` the way there and back, in ms. */
  readonly value: number;
}

export interface FaultOutcome {
  /** `cut`, `half-open`, `server-kill`, `blackhole`, `buffering`, … */
  readonly fault: string;
  readonly side: string;
  /** From the fault until the client knew, in ms; absent: it never had to. */
  readonly detectedMs?: number;
  /** From the moment when the way was free again until the first message, in ms; absent: it did not recover within the time given. */
  readonly recoveredMs?: number;
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
  /** Times that the client said itself that continuity was lost. */
  readonly gaps: number;
  /** One sentence, where there is more to say. */
  readonly note?: string;
}

export interface BrowserLimits {
  /** For people: name and version. */
  readonly browser: string;
  readonly limits: readonly BrowserLimit[];
}

export interface BrowserLimit {
  /** `sse-http1`, `sse-http2`, `websocket`. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** Event streams, sockets or tabs that were open when the next one did not open any more. */
  readonly open: number;
  /** No end was found up to `open`: there may be more. */
  readonly atLeast: boolean;
}

/** What was measured of one figure. */
export interface Measured {
  /** By the id of the side, one number a round. */
  readonly rounds: Readonly<Record<string, readonly (number | null)[]>>;
  readonly tails?: Readonly<Record<string, Tail | undefined>>;
}

/** Puts numbers of rounds into the form, with verdicts against the first side. Figures without any number are left out. */
export function judgeFigures(
  sides: readonly Side[],
  measured: readonly (readonly [FigureKind, Measured])[],
): readonly Figure[] {
  const present = measured.filter(([, { rounds }]) => sides.some(({ id }) => isMeasured(rounds[id])));
  const verdicts = present.filter(([{ judged }]) => judged).length * (sides.length - 1);
  return present.map(([kind, { rounds, tails }]) => {
    const values = sides.flatMap(({ id }, place) => {
      const own = rounds[id] ?? [];
      const summary = summarize(own.filter((value) => value !== null));
      if (!summary) return [];
      const first = kind.judged && place > 0 ? rounds[sides[0]?.id ?? ""] : undefined;
      const value: FigureValue = {
        summary,
        rounds: own,
        ...(tails?.[id] && { tail: tails[id] }),
        ...(first && { verdict: judge({ first: numbers(first), second: numbers(own), verdicts }) }),
      };
      return [[id, value] as const];
    });
    return { ...kind, values: Object.fromEntries(values) };
  });
}

function isMeasured(rounds: readonly (number | null)[] | undefined): boolean {
  return rounds?.some((value) => value !== null) ?? false;
}

/** What was not measured is no number, which a verdict leaves out. */
function numbers(rounds: readonly (number | null)[]): readonly number[] {
  return rounds.map((value) => value ?? Number.NaN);
}

/** Whether any side differs from the first one in any figure. */
export function hasDifference({ figures }: Pick<Comparison, "figures">): boolean {
  return figures.some(({ values }) =>
    Object.values(values).some(({ verdict }) => verdict?.outcome === "less" || verdict?.outcome === "more"),
  );
}
