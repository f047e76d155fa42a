/** What the long connections of a visit tell: whether something holds their messages back, or ends them. */
import { documented, type Finding } from "./finding.ts";
import { type Held, heldBack, type Rule } from "./held.ts";
import { byeOf, type Line } from "./lines.ts";
import { MENDS } from "./mends.ts";
import type { Visit } from "./visit.ts";

const MS_PER_SECOND = 1_000;

/** Of the messages have to be late. */
const HELD_SHARE = 0.25;

export function buffering({ socket, events, stream, publishes, until }: Visit): Finding | undefined {
  const mute = [events, stream].filter(({ refusal }) => refusal?.isMute);
  const held = [socket, events, stream]
    .map((line) => ({ line, ...heldBack(line, publishes, until) }))
    .filter(({ late, count }) => count > 0 && late / count >= HELD_SHARE);
  if (mute.length === 0 && held.length === 0) return undefined;
  return {
    id: "buffering",
    severity: "fault",
    title: "Something on the way holds messages back.",
    evidence: [...mute.map(muteText), ...held.map(heldText)].join(" "),
    breaks:
      "Messages come in bunches, or not at all until more of them are there; clients take a mute stream for a broken one and fall back to long-poll.",
    mends: MENDS.buffering,
    value: Math.max(...mute.map(({ refusal }) => refusal?.waitedMs ?? 0), ...held.map((one) => one.longestMs)),
  };
}

function muteText({ name, refusal }: Line): string {
  return `${name}: not even the head of the answer came within ${(refusal?.waitedMs ?? 0) / MS_PER_SECOND} s.`;
}

function heldText({ line, late, count, missing, longestMs, bunches, rule }: Held & { readonly line: Line }): string {
  const together = `${bunches} ${bunches === 1 ? "bunch" : "bunches"}${rule === undefined ? "" : `, ${ruleText(rule)}`}`;
  const absent = missing > 0 ? `; ${missing} had not come when the doctor stopped waiting` : "";
  return `${line.name}: of ${count} messages, sent 100 ms apart, ${late} came late, up to ${seconds(longestMs, 2)} s, in ${together}${absent}.`;
}

const BYTES_PER_KB = 1_000;

function ruleText(rule: Rule): string {
  return "everyMs" in rule
    ? `about every ${seconds(rule.everyMs, 2)} s`
    : `about ${(rule.bytes / BYTES_PER_KB).toFixed(1)} kB at a time`;
}

export function idle({ socket, events, stream, pingMs }: Visit): Finding | undefined {
  const cut = endsOf([socket, events, stream]).filter(({ isBusy }) => !isBusy);
  if (cut.length === 0) return undefined;
  const shortest = Math.min(...cut.map(({ silenceMs }) => silenceMs));
  return {
    id: "idle-cut",
    severity: "fault",
    title: `Connections are cut when they are silent for ${seconds(shortest)} s.`,
    evidence: `${cut.map(({ name, silenceMs }) => `${name} was ended after ${seconds(silenceMs)} s without a byte`).join("; ")}. The server pings every ${pingMs / MS_PER_SECOND} s.`,
    breaks:
      "Quiet channels reconnect all the time: nothing is lost, but each time costs a request, and messages come later.",
    mends: [...MENDS.idle, MENDS.ping(pingBelow(shortest))],
    value: shortest,
  };
}

/** A ping may be late, and a limit may be counted from an earlier byte: half of what was survived. */
function pingBelow(silenceMs: number): number {
  return Math.max(LEAST_PING_MS, Math.floor(silenceMs / 2 / PING_STEP_MS) * PING_STEP_MS);
}

const LEAST_PING_MS = 500;
const PING_STEP_MS = 100;

/** Up to that, clients reconnect more often than a long-poll asks. */
const SHORT_LIFE_S = 60;

export function lifetime(lines: readonly Line[]): Finding | undefined {
  const cut = endsOf(lines).filter(({ isBusy }) => isBusy);
  if (cut.length === 0) return undefined;
  const shortest = Math.min(...cut.map(({ lifeMs }) => lifeMs));
  return {
    id: "lifetime-cut",
    severity: shortest < SHORT_LIFE_S * MS_PER_SECOND ? "fault" : "note",
    title: `Connections are ended after ${seconds(shortest)} s, busy or not.`,
    evidence: `${cut.map(({ name, lifeMs, silenceMs }) => `${name} lived for ${seconds(lifeMs)} s, and was ended ${seconds(silenceMs)} s after a byte`).join("; ")}. Longer silences had been survived.`,
    breaks: "Nothing is lost, since clients go on where they were; each end costs a request.",
    mends: documented("envoy-route-timeout", "gcp-lb-timeout"),
    value: shortest,
  };
}

interface End {
  readonly name: string;
  readonly lifeMs: number;
  readonly silenceMs: number;
  /** It had survived longer silences, so silence is not why it was ended. */
  readonly isBusy: boolean;
}

/** Of lines that something else than the server ended. */
function endsOf(lines: readonly Line[]): readonly End[] {
  return lines.flatMap((line) => {
    const { name, headers, openedAt, lastByteAt, survivedMs, endedAt } = line;
    if (!headers || endedAt === undefined || byeOf(line)) return [];
    const silenceMs = endedAt - lastByteAt;
    return [{ name, lifeMs: endedAt - openedAt, silenceMs, isBusy: silenceMs <= survivedMs }];
  });
}

function seconds(ms: number, digits = 1): string {
  return (ms / MS_PER_SECOND).toFixed(digits);
}
