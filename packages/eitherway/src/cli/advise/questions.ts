/** What `eitherway advise` asks, as data: its flags, its prompts and its help are made from this table. */
import { HOSTINGS, NO_HOSTING } from "./hosting.ts";

export interface Answers {
  readonly direction: "down" | "both" | "peer";
  readonly carries: "messages" | "files" | "media";
  /** Messages a second from one client. 0 where the direction is `down`. */
  readonly upstream: number;
  /** Messages a second to one client. */
  readonly downstream: number;
  /** Bytes of a usual message. */
  readonly payload: number;
  /** Percent of the bytes. */
  readonly binary: number;
  /** Clients at the peak. */
  readonly audience: number;
  /** Clients that share one channel. */
  readonly group: number;
  /** Tabs that one user has open. */
  readonly tabs: number;
  /** Milliseconds. */
  readonly staleness: number;
  /** Milliseconds. */
  readonly latency: number;
  readonly platform: "browsers" | "react-native" | "servers" | "native";
  /** The id of a hosting. */
  readonly hosting: string;
  readonly http2: "yes" | "no";
}

export type QuestionId = keyof Answers;
export type Answer = string | number;

export type NumberUnit = "rate" | "bytes" | "percent" | "count" | "ms";

interface Asked {
  /** Also the flag. */
  readonly id: QuestionId;
  readonly text: string;
  /** Why it is asked. */
  readonly why: string;
}

export interface ChoiceQuestion extends Asked {
  readonly kind: "choice";
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly usual: string;
}

export interface NumberQuestion extends Asked {
  readonly kind: "number";
  readonly unit: NumberUnit;
  readonly min: number;
  readonly max: number;
  readonly usual: number;
}

export type Question = ChoiceQuestion | NumberQuestion;

const KIB = 1_024;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

export const QUESTIONS: readonly Question[] = [
  {
    kind: "choice",
    id: "direction",
    text: "Who sends to whom?",
    why: "an event stream flows one way; what clients send takes requests beside it",
    choices: [
      { value: "down", label: "the server to clients only" },
      { value: "both", label: "clients and server both" },
      { value: "peer", label: "clients to each other; no server needs to see it" },
    ],
    usual: "both",
  },
  {
    kind: "choice",
    id: "carries",
    text: "What is carried?",
    why: "a log of messages is the wrong place for video and files",
    choices: [
      { value: "messages", label: "messages, updates, events" },
      { value: "files", label: "files" },
      { value: "media", label: "audio or video" },
    ],
    usual: "messages",
  },
  {
    kind: "number",
    id: "upstream",
    text: "How many messages does one client send?",
    why: "each costs a request beside an event stream, but only a small frame on a WebSocket",
    unit: "rate",
    min: 0,
    max: 1_000,
    usual: 0.1,
  },
  {
    kind: "number",
    id: "downstream",
    text: "How many messages does one client get?",
    why: "rare ones need no open connection",
    unit: "rate",
    min: 0,
    max: 10_000,
    usual: 1,
  },
  {
    kind: "number",
    id: "payload",
    text: "How large is a usual message?",
    why: "it decides limits and what a channel keeps",
    unit: "bytes",
    min: 1,
    max: 16 * KIB * KIB,
    usual: 512,
  },
  {
    kind: "number",
    id: "binary",
    text: "How much of it is binary, in percent of the bytes?",
    why: "event streams are text: bytes grow by a third there",
    unit: "percent",
    min: 0,
    max: 100,
    usual: 0,
  },
  {
    kind: "number",
    id: "audience",
    text: "How many clients are there at the peak?",
    why: "each holds a connection",
    unit: "count",
    min: 1,
    max: 100_000_000,
    usual: 1_000,
  },
  {
    kind: "number",
    id: "group",
    text: "How many clients share one channel?",
    why: "a handful may talk directly; more need a server in the middle",
    unit: "count",
    min: 1,
    max: 100_000_000,
    usual: 50,
  },
  {
    kind: "number",
    id: "tabs",
    text: "How many tabs does one user have open?",
    why: "browsers allow few HTTP/1.1 connections to one server",
    unit: "count",
    min: 1,
    max: 1_000,
    usual: 3,
  },
  {
    kind: "number",
    id: "staleness",
    text: "How old may what is shown be?",
    why: "what may be old can be fetched now and then",
    unit: "ms",
    min: 0,
    max: 7 * DAY_MS,
    usual: SECOND_MS,
  },
  {
    kind: "number",
    id: "latency",
    text: "How long may a message and its answer take (95 of 100)?",
    why: "a measured way that takes longer is out",
    unit: "ms",
    min: 1,
    max: 60 * SECOND_MS,
    usual: SECOND_MS,
  },
  {
    kind: "choice",
    id: "platform",
    text: "Where do clients run? Choose the one that can least.",
    why: "not every platform can read a stream",
    choices: [
      { value: "browsers", label: "browsers" },
      { value: "react-native", label: "React Native" },
      { value: "servers", label: "Node, Bun or Deno" },
      { value: "native", label: "programs without JavaScript" },
    ],
    usual: "browsers",
  },
  {
    kind: "choice",
    id: "hosting",
    text: "What stands in front of the server?",
    why: "proxies and hosts cut, hold back or refuse",
    choices: HOSTINGS.map(({ id, name }) => ({ value: id, label: name })),
    usual: NO_HOSTING,
  },
  {
    kind: "choice",
    id: "http2",
    text: "Do clients reach it over HTTP/2 or 3?",
    why: "there tabs share one connection for many streams",
    choices: [
      { value: "yes", label: "yes" },
      { value: "no", label: "no, or not known" },
    ],
    usual: "no",
  },
];

/** The finest step in which a number of a unit is told apart. */
const STEPS: Readonly<Record<NumberUnit, number>> = { rate: 0.0001, bytes: 1, percent: 1, count: 1, ms: 1 };

/** How many steps from 0 a value is. */
export function stepsOf(unit: NumberUnit, value: number): number {
  return Math.round(value / STEPS[unit]);
}

/** The value so many steps from 0, without the dust of binary fractions. */
export function valueAt(unit: NumberUnit, steps: number): number {
  return Number((steps * STEPS[unit]).toPrecision(EXACT_DIGITS));
}

const EXACT_DIGITS = 12;

/**
 * The same answers but one. Keeps direction and upstream in accord: who listens only sends nothing, who sends does not listen
 * only.
 */
export function withAnswer(answers: Answers, id: QuestionId, value: Answer): Answers {
  const changed = { ...answers, [id]: value } as Answers;
  if (id === "direction" && value === "down") return { ...changed, upstream: 0 };
  if (id === "upstream" && changed.upstream > 0 && changed.direction === "down") {
    return { ...changed, direction: "both" };
  }
  return changed;
}

export const USUAL_ANSWERS = Object.fromEntries(QUESTIONS.map(({ id, usual }) => [id, usual])) as unknown as Answers;

export function questionOf(id: QuestionId): Question {
  return QUESTIONS.find((question) => question.id === id) as Question;
}
