/** What takes minutes: for how long a hop lets a request be silent, and for how long a connection lives at all. */
import { performance } from "node:perf_hooks";
import { jsonClientCodec } from "../../protocol/index.ts";
import { documented, type Finding, type Mend } from "./finding.ts";
import { openEvents, openSocket } from "./lines.ts";
import { MENDS } from "./mends.ts";
import { ask } from "./request.ts";
import { pause } from "./visit.ts";

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
  const [curve, lifetime] = await Promise.all([survivalCurve(options), watchLifetime(options)]);
  const shortest = curve.find(({ survived }) => !survived);
  const silence: readonly Finding[] = shortest ? [silenceFinding(shortest, curve)] : [];
  return { curve, findings: [...silence, ...lifetime] };
}

async function survivalCurve({ url, seconds, signal }: DeepOptions): Promise<readonly Survival[]> {
  const silences = SILENCES_S.filter((silence) => silence <= seconds);
  const all = silences.map(async (silence) => {
    const target = new URL(`${url.href}/channels/doctor/${crypto.randomUUID()}?after=start&wait=${silence}`);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(silence * MS_PER_SECOND + SLACK_MS)]);
    const status = await ask(target, { signal: limit }).then(
      (answer) => answer.status,
      () => 0,
    );
    return { seconds: silence, survived: status === 200 };
  });
  return signal.aborted ? [] : Promise.all(all);
}

function silenceFinding({ seconds }: Survival, curve: readonly Survival[]): Finding {
  const lived = curve.filter(({ survived }) => survived).map((one) => `${one.seconds} s`);
  return {
    id: "idle-cut",
    severity: "fault",
    title: `Requests that are silent for ${seconds} s are cut.`,
    evidence: `Long-polls that waited ${seconds} s did not come back with the server's answer; ${lived.length > 0 ? `${lived.join(", ")} did` : "none did"}.`,
    breaks: "Long-polls wait up to 25 s. WebSockets and event streams are pinged and are cut only by shorter limits.",
    mends: MENDS.idle,
    value: seconds,
  };
}

/** Connections that are pinged end only where something bounds their life. */
async function watchLifetime({ url, seconds, signal }: DeepOptions): Promise<readonly Finding[]> {
  const began = performance.now();
  const hello = jsonClientCodec.writeClient({
    t: "hello",
    client: "doctor",
    channels: new Map([["doctor/life", "now"]]),
  });
  const lines = await Promise.all([
    openSocket(url, { origin: url.origin, protocols: ["eitherway.v1.json"], hello, timeoutMs: STEP_MS }),
    openEvents(new URL(`${url.href}/events?channel=doctor/life`), { name: "GET /events", timeoutMs: STEP_MS }),
  ]);
  await Promise.race([pause(seconds * MS_PER_SECOND, signal), Promise.all(lines.map(({ ended }) => ended))]);
  const cut = lines.filter(({ headers, endedAt }) => headers && endedAt !== undefined);
  for (const line of lines) line.close();
  if (cut.length === 0) return [];
  const lives = cut.map(({ name, endedAt = began }) => ({ name, seconds: (endedAt - began) / MS_PER_SECOND }));
  const shortest = Math.min(...lives.map((life) => life.seconds));
  return [
    {
      id: "lifetime-cut",
      severity: "note",
      title: `Connections are ended after ${shortest.toFixed(0)} s, busy or not.`,
      evidence: lives.map((life) => `${life.name} lived for ${life.seconds.toFixed(1)} s`).join("; "),
      breaks: "Nothing is lost, since clients go on where they were; each end costs a request.",
      mends: LIFETIME_MENDS,
      value: shortest,
    },
  ];
}

const LIFETIME_MENDS: readonly Mend[] = documented("envoy-route-timeout", "gcp-lb-timeout");
