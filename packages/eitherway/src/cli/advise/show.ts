/** An advice as text for a terminal of 80 columns. */

import { wrapped } from "../wrapped.ts";
import type { Advice } from "./advise.ts";
import { formatAnswer } from "./amounts.ts";
import { conditionOf, type Flip } from "./flips.ts";
import { questionOf } from "./questions.ts";
import type { Way } from "./rules.ts";
import type { ProxySetting } from "./setup.ts";

const INDENT = "  ";

const HEADLINES: Readonly<Record<Way, string>> = {
  websocket: "WebSocket, by Eitherway",
  sse: "SSE: an event stream, and requests beside it, by Eitherway",
  poll: "long-poll, by Eitherway",
  webrtc: "WebRTC, not Eitherway",
  "plain-polling": "a request now and then, without Eitherway",
  download: "plain HTTP, without Eitherway",
};

const NAMES: Readonly<Record<Way, string>> = {
  websocket: "WebSocket",
  sse: "SSE",
  poll: "long-poll",
  webrtc: "WebRTC",
  "plain-polling": "plain polling",
  download: "plain HTTP",
};

export function adviceText(advice: Advice): string {
  const { confidence, deciding, flips, cautions, assumed, answers, setup } = advice;
  const parts = [
    [`Advice: ${HEADLINES[advice.advises]}.`],
    [advice.because, `(${advice.rule}; ${advice.source}, ${advice.date})`].flatMap((line) => wrapped(line)),
    section(
      "Decided by",
      deciding.map(({ question, answer, assumed: guessed }) => {
        const value = formatAnswer(questionOf(question), answer);
        return `${question}: ${value}${guessed ? " (assumed)" : ""}`;
      }),
    ),
    section(`Confidence: ${confidence.level}`, confidence.why.length > 0 ? confidence.why : ["nothing lowers it"]),
    section(`Measured (${advice.measured?.where})`, advice.measured?.says ?? []),
    section("Would change to", flipLines(flips)),
    section(
      "Assumed",
      assumed.length === 0
        ? []
        : [`${assumed.map((id) => `${id} ${formatAnswer(questionOf(id), answers[id])}`).join(", ")}.`],
    ),
    section("Know before", cautions),
    section("On the way", setup.notes),
    ...setup.programs.map(({ name, text }) => block(name, text)),
    ...setup.proxy.map((setting) => block(titleOf(setting), setting.text)),
    setup.serve.length === 0 ? [] : block("Or a server of its own", shellText(["eitherway", ...setup.serve])),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function titleOf({ about, tested, date }: ProxySetting): string {
  return `${about} (${tested ? "tested" : `documented, not tested; ${date}`})`;
}

/** Numbers one by one; choices of one question that lead to the same way together. */
function flipLines(flips: readonly Flip[]): string[] {
  const numbers = flips.filter(({ change }) => change !== "becomes");
  const choices = flips.filter(({ change }) => change === "becomes");
  const groups = [...new Set(choices.map(({ question, advises }) => `${question}>${advises}`))].map((group) =>
    choices.filter(({ question, advises }) => `${question}>${advises}` === group),
  );
  return [
    ...numbers.map((flip) => `${NAMES[flip.advises]} if ${conditionOf(flip)}`),
    ...groups.flatMap((group) => {
      const [first] = group;
      return first ? [`${NAMES[first.advises]} if ${first.question} is ${group.map(({ to }) => to).join(" or ")}`] : [];
    }),
  ];
}

function section(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}:`, ...items.flatMap((item) => wrapped(item, `${INDENT}- `))];
}

function block(title: string, text: string): string[] {
  return [
    ...wrapped(`${title}:`),
    "",
    ...text
      .trimEnd()
      .split("\n")
      .map((line) => (line === "" ? "" : `${INDENT}${line}`)),
  ];
}

/** A command over several lines, one flag each. */
function shellText(words: readonly string[]): string {
  return words
    .map((word, at) => (word.startsWith("--") && at > 1 ? ` \\\n${INDENT}${word}` : at ? ` ${word}` : word))
    .join("");
}
