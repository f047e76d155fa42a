/** What somebody should know before relying on an advice. */
import { DEFAULT_LIMITS } from "../../core/index.ts";
import { formatNumber } from "./amounts.ts";
import { NO_HOSTING } from "./hosting.ts";
import type { Measured } from "./measured.ts";
import { isPath, type Way } from "./rules.ts";
import { linksOf } from "./settings.ts";
import type { Situation } from "./situation.ts";

interface Caution {
  when(situation: Situation, way: Way): boolean;
  says(situation: Situation, way: Way): string;
}

const LARGE_BYTES = 1_024 * 1_024;
/** Beyond that somebody should have measured on the machine that is to do it. */
const MANY_DELIVERIES_PER_SECOND = 100_000;
/** Instances come and go there, and each would have logs of its own. */
const FLEETING: ReadonlySet<string> = new Set(["vercel", "deno", "gcp-cloud-run", "aws-apigw"]);

const CAUTIONS: readonly Caution[] = [
  {
    when: ({ answers }, way) => isPath(way) && answers.hosting !== NO_HOSTING,
    says: () =>
      "A server under a public name has to know its people: give it tokens (docs/auth.md). With --insecure in their place whoever reaches it reads and writes every channel.",
  },
  {
    when: (_, way) => isPath(way),
    says: () =>
      "Unless --data or --redis says otherwise, logs live in the memory of one process: no second one shares them, and a restart begins new ones, which clients are told by a gap (docs/storage.md, docs/scaling.md).",
  },
  {
    when: ({ answers }, way) => isPath(way) && FLEETING.has(answers.hosting),
    says: ({ answers }) =>
      `Where functions or instances come and go (${answers.hosting}) run the server elsewhere, as a process that stays.`,
  },
  {
    when: ({ answers }, way) => isPath(way) && linksOf(answers, way) > DEFAULT_LIMITS.links,
    says: ({ answers }) =>
      `${formatNumber("count", answers.audience)} clients on one process is more than its default limit; measure memory and CPU on your machine first (bench/RESULTS.md has ours), or let several share them over Redis (docs/scaling.md).`,
  },
  {
    when: ({ answers: { audience, downstream } }, way) =>
      isPath(way) && audience * downstream > MANY_DELIVERIES_PER_SECOND,
    says: ({ answers: { audience, downstream } }) =>
      `That makes ${formatNumber("count", Math.round(audience * downstream))} deliveries a second: measure on your machine whether one process keeps up, or let several share them over Redis (docs/scaling.md).`,
  },
  {
    when: ({ answers, measured }, way) => mostUpstream(measured, way) < answers.upstream,
    says: ({ answers, measured }, way) =>
      `As measured one client sends at most ${formatNumber("rate", mostUpstream(measured, way))} there, less than the ${formatNumber("rate", answers.upstream)} asked for.`,
  },
  {
    when: ({ answers }, way) => isPath(way) && answers.payload > LARGE_BYTES,
    says: ({ answers }) =>
      `Messages of ${formatNumber("bytes", answers.payload)} fill logs and block the ones behind them; send a link to a file instead.`,
  },
  {
    when: ({ answers }, way) => isPath(way) && answers.platform === "native",
    says: () =>
      "There is no client library outside JavaScript: use plain HTTP as below, or PROTOCOL.md as examples/python does.",
  },
  {
    when: ({ answers }, way) => isPath(way) && answers.direction === "peer",
    says: () =>
      "Messages between clients go through the server here; direct connections pay off for small groups of browsers only.",
  },
  {
    when: (_, way) => way === "webrtc",
    says: () =>
      "Eitherway has no WebRTC of its own: it can carry the signals that set connections up, as below. Some networks need a TURN server as well.",
  },
];

function mostUpstream(measured: Measured | undefined, way: Way): number {
  return (isPath(way) && measured?.paths[way]?.upstreamPerSecond) || Number.POSITIVE_INFINITY;
}

export function cautionsOf(situation: Situation, way: Way): readonly string[] {
  return CAUTIONS.filter(({ when }) => when(situation, way)).map(({ says }) => says(situation, way));
}
