/** Arbitrary answers and measurements, with values on both sides of every line. */
import fc from "fast-check";
import { complete, type Given } from "../../src/cli/advise/advise.ts";
import type { Measured, PathFigures } from "../../src/cli/advise/measured.ts";
import {
  type Answer,
  type Answers,
  QUESTIONS,
  type Question,
  stepsOf,
  valueAt,
} from "../../src/cli/advise/questions.ts";

/** Half of the numbers lie where people and lines are: small; the others anywhere. */
function answer(question: Question): fc.Arbitrary<Answer> {
  if (question.kind === "choice") return fc.constantFrom(...question.choices.map(({ value }) => value));
  const { unit, min, max } = question;
  const [least, most] = [stepsOf(unit, min), stepsOf(unit, max)];
  const decades = fc
    .integer({ min: 0, max: Math.floor(Math.log10(most)) })
    .chain((power) => fc.integer({ min: least, max: Math.max(least, Math.min(most, 10 ** power)) }));
  return fc.oneof(decades, fc.integer({ min: least, max: most })).map((steps) => valueAt(unit, steps));
}

/** Some are given, the others are usual. */
export const givens: fc.Arbitrary<Given> = fc
  .record(Object.fromEntries(QUESTIONS.map((question) => [question.id, fc.option(answer(question), { freq: 3 })])))
  .map((answers) => {
    const found = Object.entries(answers).filter(([, value]) => value !== null);
    const { direction, upstream } = answers as { direction?: string; upstream?: number };
    const contradicts = direction === "down" && Number(upstream ?? 0) > 0;
    return complete(
      Object.fromEntries(found.filter(([id]) => !(contradicts && id === "upstream"))) as Partial<Answers>,
    );
  });

const ms = fc.double({ min: 0.05, max: 20_000, noNaN: true });
const figures: fc.Arbitrary<PathFigures> = fc.record(
  { roundTripMs: ms, upstreamPerSecond: ms, heldBackMs: ms },
  { requiredKeys: [] },
);

export const measurements: fc.Arbitrary<Measured> = fc.record({
  where: fc.constant("loopback, 2026-11-28"),
  says: fc.constant([]),
  paths: fc.record({ websocket: figures, sse: figures, poll: figures }, { requiredKeys: [] }),
});
