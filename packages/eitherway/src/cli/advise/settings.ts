/** Settings of a server that follow from the answers. What the defaults do well is left out. */
import { DEFAULT_LIMITS, DEFAULT_PING_MS, DEFAULT_RETENTION } from "../../core/index.ts";
import type { Fact } from "../facts.ts";
import { NO_HOSTING } from "./hosting.ts";
import type { Answers } from "./questions.ts";
import type { Way } from "./rules.ts";

/** Absent: the default will do. Sizes as text. */
export interface ServerSettings {
  readonly limits: Readonly<Record<string, number | string>>;
  readonly retention: Readonly<Record<string, number | string>>;
  readonly pingMs: number;
  /** Clients come by a public name, through one proxy. */
  readonly proxied: boolean;
}

const SECOND_MS = 1_000;
const KIB = 1_024;
const MIB = KIB * KIB;
/** For how long somebody may be away and miss nothing. */
const AWAY_SECONDS = 300;
/** Of one channel; all logs together have 256 MiB by default. */
const MOST_LOG_BYTES = 64 * MIB;
/** Messages differ: twice the usual size passes. */
const ROOM = 2;
/** What a frame may hold beside a message: others of the batch, base64. */
const MESSAGES_IN_FRAME = 4;
/** Clients that come back before their old link is known to be dead. */
const RETURNING = 1.2;

export function serverSettings(answers: Answers, way: Way, known: readonly Fact[]): ServerSettings {
  return {
    limits: { ...messageLimits(answers), ...linkLimits(answers, way) },
    retention: retentionFor(answers),
    pingMs: pingFor(known),
    proxied: answers.hosting !== NO_HOSTING,
  };
}

/** Links that the audience opens. */
export function linksOf(answers: Answers, way: Way): number {
  return sharesTabs(answers, way) ? Math.ceil(answers.audience / answers.tabs) : answers.audience;
}

/** Where event streams of several tabs would use up the connections of HTTP/1.1. */
export function sharesTabs({ platform, http2, tabs }: Answers, way: Way): boolean {
  return way === "sse" && platform === "browsers" && http2 === "no" && tabs > 1;
}

/** Arguments of `eitherway serve`. */
export function serveFlags({ limits, retention, pingMs, proxied }: ServerSettings): string[] {
  return [
    ...Object.entries(limits).flatMap(([name, value]) => ["--limit", `${name}=${value}`]),
    ...Object.entries(retention).flatMap(([name, value]) => [`--retention-${name}`, String(value)]),
    ...(pingMs === DEFAULT_PING_MS ? [] : ["--ping", `${pingMs / SECOND_MS}s`]),
    ...(proxied ? ["--trust-proxy", "1", "--insecure"] : []),
  ];
}

function messageLimits({ payload }: Answers): Record<string, string> {
  const messageBytes = payload * ROOM;
  if (messageBytes <= DEFAULT_LIMITS.messageBytes) return {};
  const kilobytes = 2 ** Math.ceil(Math.log2(messageBytes / KIB));
  return { messageBytes: `${kilobytes}kb`, frameBytes: `${kilobytes * MESSAGES_IN_FRAME}kb` };
}

function linkLimits(answers: Answers, way: Way): Record<string, number> {
  const links = linksOf(answers, way) * RETURNING;
  return links <= DEFAULT_LIMITS.links ? {} : { links: roundedUp(links) };
}

/** So that who was away for `AWAY_SECONDS` gets what was missed and no gap. */
function retentionFor({ downstream, payload }: Answers): Record<string, number | string> {
  const messages = Math.ceil(downstream * AWAY_SECONDS);
  const bytes = Math.min(messages * payload, MOST_LOG_BYTES);
  return {
    ...(messages > DEFAULT_RETENTION.messages && { messages: roundedUp(messages) }),
    ...(bytes > DEFAULT_RETENTION.bytes && { bytes: `${Math.ceil(bytes / MIB)}mb` }),
  };
}

/** At most half the shortest limit on silence: one ping may be late. */
function pingFor(known: readonly Fact[]): number {
  const limits = known.flatMap(({ kind, seconds }) => (kind === "idle" && seconds !== undefined ? [seconds] : []));
  return Math.min(DEFAULT_PING_MS, ...limits.map((seconds) => Math.floor(seconds / 2) * SECOND_MS));
}

/** To two digits. */
function roundedUp(value: number): number {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / scale) * scale;
}
