/** What a comparison comes to, in a few sentences: the same in a terminal, in a report and on a page. */
import type { Comparison, Figure, Side } from "./comparison.ts";
import { type Judged, LEAST_DIFFERENCE } from "./verdict.ts";
import { formatRatio, formatValue, standing } from "./wording.ts";

/**
 * For each side but the first one paragraph: what differs, what does not, and whether it moves other amounts of bytes. Then what the
 * differences mean to people, then the findings. Empty where nothing was measured.
 */
export function conclusions(comparison: Comparison): readonly string[] {
  const { sides, figures, findings } = comparison;
  const [first, ...others] = sides;
  const found = findings.map(({ says }) => says);
  if (!first || figures.length === 0) return found;
  return [...others.map((side) => about([first, side], figures)), ...meaning(comparison), ...found];
}

type Pair = readonly [first: Side, second: Side];

/** The medians of both sides in one figure. */
interface Contrast {
  readonly figure: Figure;
  readonly first: number;
  readonly second: number;
  readonly ratio: number;
}

interface Difference extends Contrast {
  readonly standing: ReturnType<typeof standing>;
}

function about(pair: Pair, figures: readonly Figure[]): string {
  const [first, second] = pair;
  for (const { id, name } of pair) {
    if (!figures.some(({ values }) => values[id])) return `${name} was not measured.`;
  }
  const all = differences(pair, figures);
  const isTooShort = all.length === 0 && figures.some(({ values }) => values[second.id]?.verdict);
  return [
    ...(isTooShort ? [`${second.name} and ${first.name}: too few rounds for any verdict.`] : []),
    ...distance(pair, all, "worse"),
    ...distance(pair, all, "better"),
    ...sameness(pair, all),
    ...bytesMoved(pair, figures),
  ].join(" ");
}

function differences([first, second]: Pair, figures: readonly Figure[]): readonly Difference[] {
  return figures.flatMap((figure) => {
    const [one, other] = [figure.values[first.id], figure.values[second.id]];
    const verdict = other?.verdict;
    if (!one || !verdict || verdict.outcome === "unjudged") return [];
    return [
      { ...contrast(figure, one.summary.median, other.summary.median, verdict), standing: standing(figure, verdict) },
    ];
  });
}

function contrast(figure: Figure, first: number, second: number, { ratio }: Pick<Judged, "ratio">): Contrast {
  return { figure, first, second, ratio };
}

/** What is named; a longer list is not read. */
const NAMED = 3;

function distance([first, second]: Pair, all: readonly Difference[], wanted: "better" | "worse"): readonly string[] {
  const found = all.filter((one) => one.standing === wanted).sort((one, other) => size(other) - size(one));
  return found.length === 0 ? [] : [`${second.name} does ${wanted} than ${first.name}: ${listed(found.map(inWords))}.`];
}

function listed(items: readonly string[]): string {
  const rest = items.length - NAMED;
  return [...items.slice(0, NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ");
}

function size({ ratio }: Contrast): number {
  return Math.abs(Math.log(ratio));
}

function inWords({ figure: { title, unit }, first, second, ratio }: Contrast): string {
  return `${title} (${formatValue(second, unit)} against ${formatValue(first, unit)}, ${formatRatio(ratio)})`;
}

function sameness([first, second]: Pair, all: readonly Difference[]): readonly string[] {
  const even = all.filter((one) => one.standing === "even");
  if (even.length === 0) return [];
  if (even.length === all.length) {
    return [`Between ${second.name} and ${first.name} no difference was shown in anything that was judged.`];
  }
  return [`No difference was shown in: ${listed(even.map(({ figure }) => figure.title))}.`];
}

/**
 * Bytes are counted, but what shares a write or a header changes from round to round: without a verdict they are told only where the
 * middle halves of the rounds lie apart.
 */
const BYTES = /^bytes\./;

function bytesMoved([first, second]: Pair, figures: readonly Figure[]): readonly string[] {
  const apart = figures.flatMap((figure) => {
    const [one, other] = [figure.values[first.id]?.summary, figure.values[second.id]?.summary];
    if (!BYTES.test(figure.id) || !one?.median || !other?.median) return [];
    const found = contrast(figure, one.median, other.median, { ratio: other.median / one.median });
    const isApart = one.high < other.low || other.high < one.low;
    return isApart && size(found) >= Math.log(1 + LEAST_DIFFERENCE) ? [inWords(found)] : [];
  });
  return apart.length === 0
    ? []
    : [`${second.name} moves other amounts of bytes than ${first.name}: ${listed(apart)}.`];
}

/** How long a picture of a screen lasts, at 60 a second: what takes less than that is not seen. */
const PICTURE_MS = 1_000 / 60;

/** A ratio of two very short delays frightens more than it should. */
function meaning({ sides: [first, ...others], figures, findings }: Comparison): readonly string[] {
  if (!first || findings.some(({ id }) => !HARMLESS.has(id))) return [];
  const apart = others
    .flatMap((side) => differences([first, side], figures))
    .filter(({ figure, standing }) => figure.unit === "ms" && standing !== "even")
    .map((one) => Math.abs(one.second - one.first));
  const most = Math.max(...apart);
  if (apart.length === 0 || most >= PICTURE_MS) return [];
  return [
    `No usual delay differs by more than ${formatValue(most, "ms")}, which people do not see (a picture of a screen lasts ${formatValue(Math.round(PICTURE_MS), "ms")}): choose by the other figures.`,
  ];
}

/** Findings that say nothing about messages that come later than usual. */
const HARMLESS: ReadonlySet<string> = new Set(["round-trip"]);
