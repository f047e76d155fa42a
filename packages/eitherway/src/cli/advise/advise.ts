/** From answers and measurements to advice. Pure: the same answers give the same advice. */
import { FACTS, type Fact } from "../facts.ts";
import { cautionsOf } from "./cautions.ts";
import { conditionOf, type Flip, flipsOf, nearest } from "./flips.ts";
import type { Measured } from "./measured.ts";
import { type Answer, type Answers, QUESTIONS, type QuestionId, USUAL_ANSWERS, withAnswer } from "./questions.ts";
import { decide, isPath, type Rule, type Way } from "./rules.ts";
import { type Setup, setupOf } from "./setup.ts";
import { situationOf } from "./situation.ts";
import { USE_CASES, type UseCase } from "./use-cases.ts";

const ADVICE_FORM = "eitherway-advice/1";

export interface Advice {
  readonly form: typeof ADVICE_FORM;
  readonly advises: Way;
  /** The id of the rule that decided. */
  readonly rule: string;
  /** With the numbers that decided. */
  readonly because: string;
  readonly deciding: readonly { readonly question: QuestionId; readonly answer: Answer; readonly assumed: boolean }[];
  readonly confidence: Confidence;
  readonly flips: readonly Flip[];
  /** What was measured, where; absent: nothing was. */
  readonly measured?: { readonly where: string; readonly says: readonly string[] };
  /** What to know before relying on it. */
  readonly cautions: readonly string[];
  readonly answers: Answers;
  /** Nobody gave these: they are usual values, or a use case's. */
  readonly assumed: readonly QuestionId[];
  readonly setup: Setup;
  readonly source: string;
  readonly date: string;
}

/** `high` less a level for each reason: a number near its line, a deciding answer assumed, nothing measured. */
export interface Confidence {
  readonly level: "high" | "medium" | "low";
  /** What lowers it; empty: nothing does. */
  readonly why: readonly string[];
}

export interface Given {
  readonly answers: Answers;
  /** Answers that nobody gave. */
  readonly assumed: readonly QuestionId[];
}

/** Total: every answer gives an advice. */
export function advise({ answers, assumed }: Given, measured?: Measured, facts: readonly Fact[] = FACTS): Advice {
  const situation = situationOf(answers, measured, facts);
  const rule = decide(situation);
  const flips = flipsOf(answers, (changed) => decide(situationOf(changed, measured, facts)).advises);
  return {
    form: ADVICE_FORM,
    advises: rule.advises,
    rule: rule.id,
    because: rule.because(situation),
    deciding: rule.decides.map((question) => ({
      question,
      answer: answers[question],
      assumed: assumed.includes(question),
    })),
    confidence: confidenceOf({ answers, assumed }, { rule, flips, measured }),
    flips,
    ...(measured && { measured: { where: measured.where, says: measured.says } }),
    cautions: cautionsOf(situation, rule.advises),
    answers,
    assumed,
    setup: setupOf(answers, rule.advises, facts),
    source: rule.source,
    date: rule.date,
  };
}

/** Answers that were given, over those of a use case, over the usual ones. */
export function complete(given: Partial<Answers>, useCase?: Pick<UseCase, "answers">): Given {
  const base = { ...USUAL_ANSWERS, ...useCase?.answers };
  const answers = QUESTIONS.reduce((all, { id }) => {
    const answer = given[id];
    return answer === undefined ? all : withAnswer(all, id, answer);
  }, base);
  const follows = (id: QuestionId): boolean => id === "upstream" && given.direction === "down";
  return { answers, assumed: QUESTIONS.map(({ id }) => id).filter((id) => given[id] === undefined && !follows(id)) };
}

/** What is advised for each use case as it stands. */
export function recommendations(): readonly { readonly useCase: UseCase; readonly advice: Advice }[] {
  return USE_CASES.map((useCase) => ({ useCase, advice: advise(complete({}, useCase)) }));
}

const LEVELS = ["low", "medium", "high"] as const;
/** A number within that factor of its line may as well lie beyond it. */
const NEAR = 2;

function confidenceOf(
  { answers, assumed }: Given,
  { rule, flips, measured }: { rule: Rule; flips: readonly Flip[]; measured: Measured | undefined },
): Confidence {
  const close = nearest(answers, flips);
  const guessed = rule.decides.filter((id) => assumed.includes(id));
  const unmeasured = isPath(rule.advises) && measured?.paths[rule.advises] === undefined;
  const why = [
    ...(close && close.times < NEAR ? [`it changes as soon as ${conditionOf(close.flip)}`] : []),
    ...(guessed.length > 0 ? [`assumed, not given: ${guessed.join(", ")}`] : []),
    ...(unmeasured ? ["nothing was measured: give --measured what eitherway compare --json wrote"] : []),
  ];
  return { level: LEVELS[Math.max(0, LEVELS.length - 1 - why.length)] as Confidence["level"], why };
}
