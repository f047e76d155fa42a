/** What single change of an answer would change the advice: found by asking the rules again, not written by hand. */
import { formatNumber } from "./amounts.ts";
import {
  type Answer,
  type Answers,
  type NumberQuestion,
  QUESTIONS,
  type QuestionId,
  stepsOf,
  valueAt,
  withAnswer,
} from "./questions.ts";
import type { Way } from "./rules.ts";

export interface Flip {
  readonly question: QuestionId;
  /** `above`, `below`: of a number. `becomes`: of a choice. */
  readonly change: "above" | "below" | "becomes";
  /** Of a number: the last value that changes nothing. Of a choice: the value that does. */
  readonly at: Answer;
  /** The nearest value with which the advice is another one. */
  readonly to: Answer;
  readonly advises: Way;
}

export type Decide = (answers: Answers) => Way;

/** Nearest change in each direction of each number, and every choice that changes the advice. */
export function flipsOf(answers: Answers, decide: Decide): readonly Flip[] {
  const now = decide(answers);
  return QUESTIONS.flatMap((question): readonly Flip[] => {
    const { id } = question;
    const ask = (value: Answer): Way => decide(withAnswer(answers, id, value));
    if (question.kind === "number") {
      return [search(question, answers, ask, now, 1), search(question, answers, ask, now, -1)].flat();
    }
    const others = question.choices.map(({ value }) => value).filter((value) => value !== answers[id]);
    return others.flatMap((value) => {
      const advises = ask(value);
      return advises === now ? [] : [{ question: id, change: "becomes", at: value, to: value, advises } as const];
    });
  });
}

/** Looks ever further away, then closes in on the boundary. */
function search(
  question: NumberQuestion,
  answers: Answers,
  ask: (value: Answer) => Way,
  now: Way,
  direction: 1 | -1,
): readonly Flip[] {
  const { unit, id } = question;
  const start = stepsOf(unit, Number(answers[id]));
  const end = stepsOf(unit, direction > 0 ? question.max : question.min);
  const differs = (steps: number): boolean => ask(valueAt(unit, steps)) !== now;
  const tried = [start, ...places(start, end)];
  const found = tried.findIndex((steps) => steps !== start && differs(steps));
  if (found < 0) return [];
  let [same, other] = [tried[found - 1] as number, tried[found] as number];
  while (Math.abs(other - same) > 1) {
    const middle = Math.trunc((same + other) / 2);
    if (differs(middle)) other = middle;
    else same = middle;
  }
  const [at, to] = [valueAt(unit, same), valueAt(unit, other)];
  return [{ question: id, change: direction > 0 ? "above" : "below", at, to, advises: ask(to) }];
}

const GROWTH = 1.25;

/** From `start` (not included) to `end`, at distances that grow: fine beside the answer, coarse far away. */
function places(start: number, end: number): number[] {
  const found: number[] = [];
  const direction = Math.sign(end - start);
  for (let distance = 1; distance < Math.abs(end - start); distance = Math.ceil(distance * GROWTH)) {
    found.push(start + direction * distance);
  }
  return start === end ? [] : [...found, end];
}

/** How many times further the nearest change of a number lies than its answer: 1 is at the line. `undefined`: there is none. */
export function nearest(answers: Answers, flips: readonly Flip[]): { flip: Flip; times: number } | undefined {
  const distances = flips
    .filter(({ change }) => change !== "becomes")
    .map((flip) => ({ flip, times: timesApart(Number(answers[flip.question]), Number(flip.to)) }));
  return distances.sort((one, other) => one.times - other.times)[0];
}

function timesApart(one: number, other: number): number {
  return Math.max(one, other) / Math.min(one, other);
}

/** `upstream goes above 1/s`. */
export function conditionOf({ question, change, at }: Flip): string {
  const asked = QUESTIONS.find(({ id }) => id === question);
  if (asked?.kind !== "number") return `${question} is ${at}`;
  return `${question} goes ${change} ${formatNumber(asked.unit, Number(at))}`;
}
