/** Asks the open questions in a terminal. The prompt library is loaded only when somebody is there to answer. */
import { type Surroundings, UsageError } from "../surroundings.ts";
import { exampleOf, formatAnswer, readAnswer } from "./amounts.ts";
import {
  type Answer,
  type Answers,
  type ChoiceQuestion,
  type NumberQuestion,
  QUESTIONS,
  type QuestionId,
} from "./questions.ts";
import { USE_CASES, type UseCase } from "./use-cases.ts";

/** What was answered so far. */
export interface Answered {
  readonly answers: Partial<Answers>;
  readonly useCase: UseCase | undefined;
}

type Prompts = typeof import("@clack/prompts");
/** Where a person types and reads. */
interface Terminal {
  readonly input: Surroundings["stdin"];
  readonly output: Surroundings["stdout"];
  readonly signal: AbortSignal;
}

/** What is asked where a use case answers the rest: what it cannot know, and what decides most often. */
const BESIDE_USE_CASE: ReadonlySet<QuestionId> = new Set(["upstream", "downstream", "hosting", "http2"]);

/**
 * Asks for a use case, if there is none yet, and for what is still open. `usual` are the answers that Enter takes. `undefined`:
 * whoever was asked gave up (Ctrl-C, Escape).
 */
export async function askOpen(
  { answers, useCase }: Answered,
  usual: (useCase: UseCase | undefined) => Answers,
  { stdin: input, stdout: output, signal }: Surroundings,
): Promise<Answered | undefined> {
  const prompts = await import("@clack/prompts");
  const terminal: Terminal = { input, output, signal };
  const chosen = useCase?.id ?? (await askUseCase(prompts, terminal));
  if (chosen === undefined) return undefined;
  const known = USE_CASES.find(({ id }) => id === chosen);
  const found: Partial<Record<QuestionId, Answer>> = { ...answers };
  for (const question of QUESTIONS) {
    const { id } = question;
    if (found[id] !== undefined || (known && !BESIDE_USE_CASE.has(id))) continue;
    if (id === "upstream" && (found.direction ?? known?.answers.direction) === "down") continue;
    const value = usual(known)[id];
    const answer =
      question.kind === "choice"
        ? await askChoice(prompts, question, String(value), terminal)
        : await askNumber(prompts, question, Number(value), terminal);
    if (answer === undefined) return undefined;
    found[id] = answer;
  }
  return { answers: found as Partial<Answers>, useCase: known };
}

const OTHER = "other";
/** So many choices are shown at a time. */
const SHOWN = 12;

async function askUseCase({ select, isCancel }: Prompts, terminal: Terminal): Promise<string | undefined> {
  const chosen = await select({
    ...terminal,
    message: "What is it?",
    options: [...USE_CASES.map(({ id, name, says }) => ({ value: id, label: name, hint: says })), SOMETHING_ELSE],
    maxItems: SHOWN,
  });
  return isCancel(chosen) ? undefined : chosen;
}

const SOMETHING_ELSE = { value: OTHER, label: "Something else", hint: "asks everything" };

async function askChoice(
  { select, isCancel }: Prompts,
  { text, why, choices }: ChoiceQuestion,
  usual: string,
  terminal: Terminal,
): Promise<string | undefined> {
  const options = choices.map(({ value, label }) => ({ value, label }));
  const chosen = await select({
    ...terminal,
    message: `${text} (${why})`,
    options,
    initialValue: usual,
    maxItems: SHOWN,
  });
  return isCancel(chosen) ? undefined : chosen;
}

async function askNumber(
  { text, isCancel }: Prompts,
  question: NumberQuestion,
  usual: number,
  terminal: Terminal,
): Promise<Answer | undefined> {
  const typed = await text({
    ...terminal,
    message: `${question.text} (${question.why})`,
    placeholder: `${formatAnswer(question, usual)}; ${exampleOf(question)}`,
    validate: (value = "") => (value === "" ? undefined : complaint(question, value)),
  });
  if (isCancel(typed)) return undefined;
  return typed ? readAnswer(question, typed) : usual;
}

function complaint(question: NumberQuestion, text: string): string | undefined {
  try {
    readAnswer(question, text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message;
    throw thrown;
  }
}
