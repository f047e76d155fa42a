/** Answers and measurements, and which ways they leave open: what rules look at. */
import type { Fact } from "../facts.ts";
import { factsOf } from "./hosting.ts";
import type { Measured, Path } from "./measured.ts";
import type { Answers } from "./questions.ts";

export interface Situation {
  readonly answers: Answers;
  readonly measured: Measured | undefined;
  /** Why a way is closed, one sentence; absent: it is open. */
  readonly closed: Partial<Record<Path, string>>;
}

export function situationOf(answers: Answers, measured: Measured | undefined, facts: readonly Fact[]): Situation {
  const refusing = facts.filter(({ refuses }) => refuses !== undefined); // first: this runs for every change that is tried
  const refusals = factsOf(answers.hosting, refusing).map(({ refuses, says }) => [refuses, says]);
  return {
    answers,
    measured,
    closed: { ...heldBack(answers, measured), ...failed(measured), ...Object.fromEntries(refusals) },
  };
}

/** A stream that is held back longer than an answer may take is none. A poll is never held back: it ends. */
function heldBack({ latency }: Answers, measured: Measured | undefined): Partial<Record<Path, string>> {
  const ms = measured?.paths.sse?.heldBackMs;
  if (ms === undefined || ms <= latency) return {};
  return {
    sse: `Something between holds event streams back: ${Math.round(ms)} ms as measured, ${latency} ms allowed.`,
  };
}

function failed(measured: Measured | undefined): Partial<Record<Path, string>> {
  const { websocket, sse } = measured?.paths ?? {};
  return {
    ...(websocket?.failure !== undefined && { websocket: `As measured: ${websocket.failure}` }),
    ...(sse?.failure !== undefined && { sse: `As measured: ${sse.failure}` }),
  };
}
