/** What takes minutes: for how long a hop lets a request be silent, and for how long a connection lives at all. */
import { performance } from "node:perf_hooks";
import { jsonClientCodec } from "../../protocol/index.ts";
import type { Finding } from "./finding.ts";
import { lifetime } from "./line-checks.ts";
import { openEvents, openSocket } from "./lines.ts";
import { MENDS } from "./mends.ts";
import { listenTo } from "./pause.ts";
import { ask, codeOf } from "./request.ts";

/** For how long the client's long-polls wait. */
const POLL_S = 25;
/** A long-poll is silent for as long as it waits, and no server of ours waits longer than the last of these. */
const SILENCES_S: readonly number[] = [15, POLL_S, 35, 55];
/** What is refused sooner is not refused for its silence. */
const LEAST_SILENCE_MS = 1_000;
const MS_PER_SECOND = 1_000;
const SLACK_MS = 5_000;
const STEP_MS = 5_000;

export interface DeepOptions {
  readonly url: URL;
  /** For how long connections that are pinged are watched. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  tell(what: string): void;
}

/** Survived silences, in seconds, of requests that wait for an answer. */
export interface Survival {
  readonly seconds: number;
  readonly survived: boolean;
  /** When it was cut, in ms; absent: it survived, or nobody said that it was over. */
  readonly cutMs?: number;
}

export interface Deep {
  readonly curve: readonly Survival[];
  readonly findings: readonly Finding[];
}

export async function lookDeep(options: DeepOptions): Promise<Deep> {
  const [curve, ended] = await Promise.all([survivalCurve(options), watchLifetime(options)]);
  return { curve, findings: [silenceFinding(curve), ended].filter((finding) => finding !== undefined) };
}

async function survivalCurve({ url, seconds, signal, tell }: DeepOptions): Promise<readonly Survival[]> {
  const silences = SILENCES_S.filter((silence) => silence <= seconds);
  const all = silences.map(async (silence): Promise<readonly Survival[]> => {
    const target = new URL(`${url.href}/channels/doctor/${crypto.randomUUID()}?after=start&wait=${silence}`);
    const limit = AbortSignal.timeout(silence * MS_PER_SECOND + SLACK_MS);
    const began = performance.now();
    const answer = await ask(target, { signal: AbortSignal.any([signal, limit]) }).catch(() => undefined);
    const ms = performance.now() - began;
    const survived = answer?.status === 200;
    if (!survived) {
      if (signal.aborted && !answer) return []; // one that was stopped tells nothing
      // Nor does a refusal: the server's own words came through, and who refuses at once waits for nothing.
      if (codeOf(answer?.body ?? "") !== undefined || ms < LEAST_SILENCE_MS) return [];
    }
    tell(`a request that was silent for ${silence} s ${survived ? "survived" : "was cut"}`);
    return [{ seconds: silence, survived, ...(!survived && !limit.aborted && { cutMs: ms }) }];
  });
  return (await Promise.all(all)).flat();
}

/** The shortest silence that was cut, if any was. What nobody ended may have been dead for a while. */
export function silenceFinding(curve: readonly Survival[]): Finding | undefined {
  const cut = curve.filter(({ survived }) => !survived);
  if (cut.length === 0) return undefined;
  const shortest = Math.min(...cut.map(({ seconds, cutMs = seconds * MS_PER_SECOND }) => cutMs));
  const lived = curve.filter(({ survived }) => survived).map(({ seconds }) => `${seconds} s`);
  return {
    id: "idle-cut",
    severity: shortest <= POLL_S * MS_PER_SECOND ? "fault" : "note",
    title: `Requests that are silent for ${inSeconds(shortest)} s are cut.`,
    evidence: `${cut.map(cutText).join(" ")} ${lived.length > 0 ? `Silences of ${lived.join(", ")} survived.` : "None survived."}`,
    breaks: `Long-polls wait up to ${POLL_S} s. WebSockets and event streams are pinged and are cut only by shorter limits.`,
    mends: MENDS.idle,
    value: shortest,
  };
}

function cutText({ seconds, cutMs }: Survival): string {
  const how = cutMs === undefined ? "got no answer" : `was ended after ${inSeconds(cutMs)} s, not by the server`;
  return `A long-poll of ${seconds} s ${how}.`;
}

function inSeconds(ms: number): string {
  return (ms / MS_PER_SECOND).toFixed(1);
}

/** Connections that are pinged end only where something bounds their life. */
async function watchLifetime({ url, seconds, signal }: DeepOptions): Promise<Finding | undefined> {
  const channel = `doctor/${crypto.randomUUID()}`;
  const hello = jsonClientCodec.writeClient({ t: "hello", client: "doctor", channels: new Map([[channel, "now"]]) });
  const lines = await Promise.all([
    openSocket(url, { origin: url.origin, protocols: ["eitherway.v1.json"], hello, timeoutMs: STEP_MS }),
    openEvents(new URL(`${url.href}/events?channel=${channel}`), { name: "GET /events", timeoutMs: STEP_MS }),
  ]);
  await listenTo(lines, seconds * MS_PER_SECOND, signal);
  for (const line of lines) line.close();
  return lifetime(lines);
}
