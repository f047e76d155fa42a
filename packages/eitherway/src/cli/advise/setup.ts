/** The configuration and the programs that an advice comes with. Only what there is: tests compile, read and check all of it. */
import type { Fact } from "../facts.ts";
import { factsOf, hostingName } from "./hosting.ts";
import { clientProgram, curlProgram, type Program, peerProgram, pollingProgram, serverProgram } from "./programs.ts";
import { PROXIES } from "./proxies.ts";
import type { Answers } from "./questions.ts";
import { isPath, type Way } from "./rules.ts";
import { type ServerSettings, serveFlags, serverSettings, sharesTabs } from "./settings.ts";

export interface Setup {
  /** Arguments of `eitherway`, where a server of its own will do; empty where Eitherway is not advised. */
  readonly serve: readonly string[];
  readonly programs: readonly Program[];
  readonly proxy: readonly ProxySetting[];
  /** What happens to links there, one sentence each. */
  readonly notes: readonly string[];
}

export interface ProxySetting {
  /** The product. */
  readonly about: string;
  readonly text: string;
  /** Checked by the product itself in our tests; else documented, not tested. */
  readonly tested: boolean;
  readonly source: string;
  readonly date: string;
}

export function setupOf(answers: Answers, way: Way, facts: readonly Fact[]): Setup {
  if (way === "plain-polling") return { ...NOTHING, programs: [pollingProgram(answers)] };
  if (way === "download") return NOTHING;
  const known = factsOf(answers.hosting, facts);
  const settings = serverSettings(answers, way, known);
  const serve = ["serve", ...serveFlags(settings)];
  if (!isPath(way)) return { ...NOTHING, serve, programs: [serverProgram(answers, settings), peerProgram(answers)] };
  const client = answers.platform === "native" ? curlProgram() : clientProgram(answers, way);
  return {
    serve,
    programs: [serverProgram(answers, settings), client],
    proxy: proxyOf(answers.hosting, way, known),
    notes: notesOf(answers, way, settings, known),
  };
}

const NOTHING: Setup = { serve: [], programs: [], proxy: [], notes: [] };

/** Ours where it is tested against the product, else what the facts say mends it. */
function proxyOf(hosting: string, way: Way, known: readonly Fact[]): readonly ProxySetting[] {
  const ours = PROXIES.find(({ id }) => id === hosting);
  if (ours) return [{ about: ours.about, text: ours.text, tested: true, source: ours.source, date: ours.date }];
  const about = hostingName(hosting);
  return known.flatMap(({ mend, kind, source, date }) =>
    mend === undefined || kind === uselessKind(way) ? [] : [{ about, text: mend, tested: false, source, date }],
  );
}

const SECOND_MS = 1_000;

function notesOf(answers: Answers, way: Way, { pingMs }: ServerSettings, known: readonly Fact[]): readonly string[] {
  const idle = shortest(known, "idle");
  const relevant = known.filter(({ kind }) => kind !== uselessKind(way));
  return [
    ...relevant.map(({ says, source, date }) => `${says} (${source}, ${date})`),
    ...(idle ? [`Pings every ${pingMs / SECOND_MS} s keep a link from being silent for ${idle} s.`] : []),
    ...(known.some(({ kind }) => kind === "absolute")
      ? ["A link that is cut comes back by itself and goes on where it was."]
      : []),
    ...(way === "sse" ? ["An event stream ends by itself after 4 to 6 min and goes on as a new one."] : []),
    ...(sharesTabs(answers, way) ? ["All tabs of a user share one event stream."] : []),
  ];
}

/** A WebSocket is not buffered, an event stream needs no upgrade. */
function uselessKind(way: Way): Fact["kind"] {
  return way === "websocket" ? "buffering" : "upgrade";
}

function shortest(known: readonly Fact[], kind: Fact["kind"]): number | undefined {
  const seconds = known.filter((fact) => fact.kind === kind).flatMap((fact) => fact.seconds ?? []);
  return seconds.length === 0 ? undefined : Math.min(...seconds);
}
