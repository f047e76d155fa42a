/** `eitherway doctor`: what is between here and a server, and what it does to live connections. */
import type { Command } from "../command.ts";
import type { Arguments, GivenFlags } from "../flags.ts";
import type { Output } from "../output.ts";
import { createProgress } from "../progress.ts";
import { EXIT, type Surroundings, UsageError } from "../surroundings.ts";
import { examine } from "./examine.ts";
import { reportLines } from "./report.ts";

const DEFAULT_IDLE_S = 20; // one ping of the default's 15 s falls into it
const MOST_IDLE_S = 25; // with the rest that is below 40 s
const DEEP_S = 150;

export const doctorCommand: Command = {
  name: "doctor",
  parameters: "URL",
  summary: "Looks for what proxies and hosts do to live connections, and says what mends it.",
  flags: {
    idle: { value: "SECONDS", help: `silence to listen through; default ${DEFAULT_IDLE_S}, at most ${MOST_IDLE_S}` },
    deep: { help: `for ${DEEP_S} s: how long silence survives, and how long connections live` },
    origin: { value: "ORIGIN", help: "also as a page of that origin, as in https://app.example" },
    json: { help: "prints the examination as JSON" },
  },
  notes: [
    "URL: an Eitherway server, or any WebSocket (ws:, wss:) or event stream. Without --deep at most 40 s.",
    "Exit code 0: no fault was found (notes may be); 1: faults, or nothing answers; 2: a wrong command line.",
  ],
  run,
};

async function run({ flags, positionals }: Arguments, surroundings: Surroundings, output: Output): Promise<number> {
  const url = readUrl(positionals);
  const progress = createProgress(surroundings.stderr);
  try {
    const examination = await examine({
      url,
      origin: readOrigin(flags),
      idleSeconds: readIdle(flags),
      deepSeconds: flags.on("deep") ? DEEP_S : 0,
      signal: surroundings.signal,
      tell: progress.tell,
    });
    progress.end();
    await output.data(flags.on("json") ? JSON.stringify(examination) : reportLines(examination).join("\n"));
    return examination.findings.some(({ severity }) => severity === "fault") ? EXIT.failed : EXIT.ok;
  } finally {
    progress.end();
  }
}

const PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:", "ws:", "wss:"]);

function readUrl([text, ...others]: readonly string[]): URL {
  if (text !== undefined && others.length === 0 && URL.canParse(text)) {
    const url = new URL(text);
    if (PROTOCOLS.has(url.protocol)) return url;
  }
  throw new UsageError(
    `doctor takes one URL${text === undefined ? "" : `, not ${JSON.stringify([text, ...others].join(" "))}`}: eitherway doctor https://example.org/eitherway.`,
  );
}

function readOrigin(flags: GivenFlags): string | undefined {
  const text = flags.text("origin");
  if (text === undefined || (URL.canParse(text) && new URL(text).origin === text)) return text;
  throw new UsageError(`--origin is ${JSON.stringify(text)}; give a scheme and a host, as in https://app.example.`);
}

function readIdle(flags: GivenFlags): number {
  const text = flags.text("idle") ?? String(DEFAULT_IDLE_S);
  if (/^[0-9]+$/.test(text) && Number(text) <= MOST_IDLE_S) return Number(text);
  throw new UsageError(`--idle is ${JSON.stringify(text)}; give whole seconds from 0 to ${MOST_IDLE_S}.`);
}
