/** What a comparison comes to, in a few sentences. */
import type { Comparison, Figure, Side } from "./comparison.ts";
import type { Judged } from "./verdict.ts";
import { formatRatio, standing } from "./wording.ts";

/** One to three sentences for each side but the first, then one for each finding. Empty without verdicts and findings. */
export function conclusions({ sides, figures, findings }: Comparison): readonly string[] {
  const [first, ...others] = sides;
  if (!first) return [];
  return [...others.flatMap((side) => about(side, first, figures)), ...findings.map(({ says }) => says)];
}

function about(side: Side, first: Side, figures: readonly Figure[]): readonly string[] {
  const judged = figures.flatMap((figure) => {
    const verdict = figure.values[side.id]?.verdict;
    return verdict && verdict.outcome !== "unjudged" ? [{ figure, verdict }] : [];
  });
  if (judged.length === 0) {
    const isCounted = figures.some(({ values }) => values[side.id]?.verdict);
    return isCounted ? [`${side.name} and ${first.name}: too few rounds for any verdict.`] : [];
  }
  const named = (wanted: "better" | "worse") =>
    judged.filter(({ figure, verdict }) => standing(figure, verdict) === wanted).map(difference);
  const [worse, better] = [named("worse"), named("better")];
  const even = judged
    .filter(({ figure, verdict }) => standing(figure, verdict) === "even")
    .map(({ figure }) => figure.title);
  const sentences: string[] = [];
  if (worse.length > 0) sentences.push(`${side.name} does worse than ${first.name}: ${listed(worse)}.`);
  if (better.length > 0) sentences.push(`${side.name} does better than ${first.name}: ${listed(better)}.`);
  if (even.length === judged.length)
    sentences.push(`${side.name} and ${first.name}: no difference in anything that was judged.`);
  else if (even.length > 0) sentences.push(`No difference between them was shown in: ${listed(even)}.`);
  return sentences;
}

function difference({ figure, verdict }: { readonly figure: Figure; readonly verdict: Judged }): string {
  return `${figure.title} (${formatRatio(verdict.ratio)})`;
}

function listed(items: readonly string[]): string {
  return items.join("; ");
}
