/** `eitherway advise`: which transport should carry it, or whether something else should. */
import { readFile } from "node:fs/promises";
import type { Command } from "../command.ts";
import type { Arguments, Flags, GivenFlags } from "../flags.ts";
import type { Output } from "../output.ts";
import { EXIT, type Surroundings, UsageError } from "../surroundings.ts";
import { advise, complete } from "./advise.ts";
import { PLACEHOLDERS, readAnswer } from "./amounts.ts";
import { type Answered, askOpen } from "./ask.ts";
import { type Measured, readMeasured } from "./measured.ts";
import { type Answer, type Answers, QUESTIONS, type Question } from "./questions.ts";
import { adviceText } from "./show.ts";
import { USE_CASES, type UseCase } from "./use-cases.ts";

const HELP_COLUMNS = 100;
const USE_CASE_IDS = USE_CASES.map(({ id }) => id);

const FLAGS: Flags = {
  "use-case": { value: "NAME", help: `answers all other questions: ${USE_CASE_IDS.slice(0, 4).join(", ")}, …` },
  ...Object.fromEntries(
    QUESTIONS.map((question) => [question.id, { value: placeholderOf(question), help: question.text }]),
  ),
  measured: { value: "FILE", help: "what eitherway compare --json wrote" },
  usual: { help: "asks nothing: usual answers for what is open" },
  json: { help: "the advice as JSON, for programs; asks nothing" },
};

export const adviseCommand: Command = {
  name: "advise",
  parameters: "",
  summary: "Says which transport should carry it and why, with settings and programs.",
  flags: FLAGS,
  notes: [
    `Use cases: ${USE_CASE_IDS.join(", ")}.`,
    "RATE: messages a second, or 2/min, 5/h. SIZE: bytes, or 4kb. TIME: milliseconds, or 200ms, 30s, 5m.",
    "In a terminal it asks what is open; elsewhere open questions get usual answers, which the advice lists as assumed.",
    ...QUESTIONS.flatMap((question) => (question.kind === "choice" ? choiceLines(question) : [])),
  ],
  run,
};

async function run({ flags, positionals }: Arguments, surroundings: Surroundings, output: Output): Promise<number> {
  if (positionals.length > 0) {
    throw new UsageError(`advise takes flags only; leave ${JSON.stringify(positionals[0])} out.`);
  }
  const given: Answered = { answers: readAnswers(flags), useCase: readUseCase(flags.text("use-case")) };
  const asks = output.isTerminal && isTerminal(surroundings) && !flags.on("json") && !flags.on("usual");
  const answered = asks ? await askOpen(given, usualAnswers, surroundings) : given;
  if (!answered) {
    output.say("Nothing was advised.");
    return EXIT.failed;
  }
  const whole = complete(answered.answers, answered.useCase);
  const advice = advise(whole, await measurements(flags.text("measured"), whole.answers));
  await output.data(flags.on("json") ? JSON.stringify(advice, undefined, 2) : adviceText(advice));
  return EXIT.ok;
}

function usualAnswers(useCase: UseCase | undefined): Answers {
  return complete({}, useCase).answers;
}

function readAnswers(flags: GivenFlags): Partial<Answers> {
  const answers: Partial<Record<Question["id"], Answer>> = {};
  for (const question of QUESTIONS) {
    const text = flags.text(question.id);
    if (text !== undefined) answers[question.id] = readAnswer(question, text);
  }
  if (answers.direction === "down" && Number(answers.upstream ?? 0) > 0) {
    throw new UsageError(
      "--direction down says that clients send nothing; give --direction both, or leave --upstream out.",
    );
  }
  return answers as Partial<Answers>;
}

function readUseCase(id: string | undefined): UseCase | undefined {
  const useCase = USE_CASES.find((one) => one.id === id);
  if (id === undefined || useCase) return useCase;
  throw new UsageError(`--use-case is ${JSON.stringify(id)}; give one of ${USE_CASE_IDS.join(", ")}.`);
}

async function measurements(file: string | undefined, { http2 }: Answers): Promise<Measured | undefined> {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--measured cannot be read: ${(cause as Error).message}.`, { cause });
  }
  return readMeasured(text, file, http2);
}

function isTerminal({ stdin }: Surroundings): boolean {
  return "isTTY" in stdin && stdin.isTTY === true;
}

function placeholderOf(question: Question): string {
  return question.kind === "choice" ? "CHOICE" : PLACEHOLDERS[question.unit];
}

/** The choices of a question, on lines that fit a terminal. */
function choiceLines({ id, choices }: Extract<Question, { kind: "choice" }>): string[] {
  const lines: string[] = [];
  let line = `--${id}:`;
  for (const { value } of choices) {
    if (line.length + value.length >= HELP_COLUMNS) {
      lines.push(line);
      line = "   ";
    }
    line += ` ${value}`;
  }
  return [...lines, line];
}
