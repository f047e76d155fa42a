/** What takes minutes: for how long a hop lets a request be silent, and for how long a connection lives at all. */
import { jsonClientCodec } from "../../protocol/index.ts";
import type { Finding } from "./finding.ts";
import { lifetime } from "./line-checks.ts";
import { openEvents, openSocket } from "./lines.ts";
import { MENDS } from "./mends.ts";
import { listenTo } from "./pause.ts";
import { ask } from "./request.ts";

/** A long-poll is silent for as long as it waits, and no server of ours waits longer than the last of these. */
const SILENCES_S: readonly number[] = [15, 35, 55];
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
}

export interface Deep {
  readonly curve: readonly Survival[];
  readonly findings: readonly Finding[];
}

export async function lookDeep(options: DeepOptions): Promise<Deep> {
  const [curve, ended] = await Promise.all([survivalCurve(options), watchLifetime(options)]);
  const shortest = curve.find(({ survived }) => !survived);
  const silence = shortest && silenceFinding(shortest, curve);
  return { curve, findings: [silence, ended].filter((finding) => finding !== undefined) };
}

async function survivalCurve({ url, seconds, signal, tell }: DeepOptions): Promise<readonly Survival[]> {
  const silences = SILENCES_S.filter((silence) => silence <= seconds);
  const all = silences.map(async (silence): Promise<readonly Survival[]> => {
    const target = new URL(`${url.href}/channels/doctor/${crypto.randomUUID()}?after=start&wait=${silence}`);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(silence * MS_PER_SECOND + SLACK_MS)]);
    const status = await ask(target, { signal: limit }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (signal.aborted && status === 0) return []; // one that was stopped tells nothing
    const survived = status === 200;
    tell(`a request that was silent for ${silence} s ${survived ? "survived" : "was cut"}`);
    return [{ seconds: silence, survived }];
  });
  return (await Promise.all(all)).flat();
}

/** For how long the client's long-polls wait. */
const POLL_S = 25;

function silenceFinding({ seconds }: Survival, curve: readonly Survival[]): Finding {
  const lived = curve.filter(({ survived }) => survived).map((one) => `${one.seconds} s`);
  return {
    id: "idle-cut",
    severity: seconds <= POLL_S ? "fault" : "note",
    title: `Requests that are silent for ${seconds} s are cut.`,
    evidence: `Long-polls that waited ${seconds} s did not come back with the server's answer; ${lived.length > 0 ? `${lived.join(", ")} did` : "none did"}.`,
    breaks: `Long-polls wait up to ${POLL_S} s. WebSockets and event streams are pinged and are cut only by shorter limits.`,
    mends: MENDS.idle,
    value: seconds,
  };
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
