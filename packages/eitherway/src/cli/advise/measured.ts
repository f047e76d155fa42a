/** The figures of a comparison that decide anything, by the path that they were measured on. */
import { type Comparison, FORM, formatValue, type Side, verdictSentence } from "../../instrument/index.ts";
import { FIGURES } from "../compare/figure-kinds.ts";
import type { PathId } from "../compare/paths.ts";
import { UsageError } from "../surroundings.ts";

/** The ways that a comparison measures. */
export type Path = "websocket" | "sse" | "poll";

export interface Measured {
  /** For people: between what, and when. */
  readonly where: string;
  readonly paths: Partial<Record<Path, PathFigures>>;
  /** Figures of each side, what differs, and what was found on the way: one sentence each. */
  readonly says: readonly string[];
}

export interface PathFigures {
  /** A message and its answer, 95 of 100, in ms. */
  readonly roundTripMs?: number;
  /** What one client can send at most. */
  readonly upstreamPerSecond?: number;
  /** The longest time that something in between held messages back, in ms. */
  readonly heldBackMs?: number;
  /** Why nothing of it could be measured though another way could, one sentence. */
  readonly failure?: string;
}

/** The sides of a comparison, best known path first. */
const SIDES: Readonly<Record<Path, Readonly<Record<"yes" | "no", readonly PathId[]>>>> = {
  websocket: { yes: ["ws"], no: ["ws"] },
  sse: { yes: ["sse-h2", "sse"], no: ["sse", "sse-h2"] },
  poll: { yes: ["poll"], no: ["poll"] },
};

const DECIDING = {
  roundTripMs: FIGURES.roundTrip95,
  upstreamPerSecond: FIGURES.upstreamRate,
} as const;

/** What is told of each side. */
const SHOWN: ReadonlySet<string> = new Set(
  [
    ...Object.values(DECIDING),
    FIGURES.delivery95,
    FIGURES.bytesDown,
    FIGURES.bytesUp,
    FIGURES.cpuDown,
    FIGURES.memory,
  ].map(({ id }) => id),
);

/** Reads what `eitherway compare --json` wrote. Throws `UsageError` for anything else. */
export function readMeasured(text: string, file: string, http2: "yes" | "no"): Measured {
  const comparison = parse(text, file);
  const paths = Object.entries(SIDES).flatMap(([path, sides]) => {
    const compared = sides[http2].filter((id) => comparison.sides.some((one) => one.id === id));
    const side = compared.find((id) => isMeasured(comparison, id)) ?? compared[0];
    return side === undefined ? [] : [[path, figuresOf(comparison, side)] as const];
  });
  const { between, at, shape, partial } = comparison.made;
  const where = [between, shape, at.slice(0, DATE_LENGTH), partial && `ended early: ${partial}`].filter(Boolean);
  const says = [
    ...comparison.sides.flatMap((side) => sentenceOf(comparison, side)),
    ...differences(comparison),
    ...comparison.findings.map((finding) => finding.says),
  ];
  return { where: where.join(", "), paths: Object.fromEntries(paths), says };
}

/** `WebSocket: publish and answer, p95 0.4 ms; bytes a message, down 120 B.` */
function sentenceOf({ figures }: Comparison, { id, name }: Side): string[] {
  const parts = figures
    .filter((figure) => SHOWN.has(figure.id))
    .flatMap(({ title, unit, values }) => {
      const median = values[id]?.summary.median;
      return median === undefined ? [] : [`${title} ${formatValue(median, unit)}`];
    });
  return parts.length === 0 ? [] : [`${name}: ${parts.join("; ")}.`];
}

function differences({ sides: [first, ...others], figures }: Comparison): string[] {
  if (!first) return [];
  return figures.flatMap((figure) =>
    others.flatMap((side) => {
      const verdict = figure.values[side.id]?.verdict;
      const differs = verdict?.outcome === "less" || verdict?.outcome === "more";
      return verdict && differs ? [verdictSentence(figure, [first, side], verdict)] : [];
    }),
  );
}

const DATE_LENGTH = "2026-11-28".length;

function parse(text: string, file: string): Comparison {
  let comparison: Partial<Comparison> | null;
  try {
    comparison = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--measured ${file} is no JSON; give what "eitherway compare --json" wrote.`, { cause });
  }
  if (comparison?.form === FORM) return comparison as Comparison;
  throw new UsageError(
    `--measured ${file} is of form ${JSON.stringify(comparison?.form)}, not ${FORM}; give what "eitherway compare --json" wrote.`,
  );
}

function isMeasured({ figures }: Comparison, side: string): boolean {
  return figures.some(({ values }) => values[side]);
}

function figuresOf(comparison: Comparison, side: string): PathFigures {
  const { sides, figures, findings } = comparison;
  const numbers = Object.entries(DECIDING).flatMap(([name, { id }]) => {
    const median = figures.find((figure) => figure.id === id)?.values[side]?.summary.median;
    return median === undefined ? [] : [[name, median] as const];
  });
  const held = findings.filter((finding) => finding.side === side && finding.id === "buffering");
  const heldBackMs = Math.max(...held.map(({ value }) => value));
  const failed = findings.find((finding) => finding.side === side && finding.id === "failed");
  // Where nothing was measured at all, it is the server that was away.
  const isAlone = !isMeasured(comparison, side) && sides.some(({ id }) => isMeasured(comparison, id));
  return {
    ...Object.fromEntries(numbers),
    ...(held.length > 0 && { heldBackMs }),
    ...(failed && isAlone && { failure: `${failed.says.replace(/\.$/, "")}.` }),
  };
}
