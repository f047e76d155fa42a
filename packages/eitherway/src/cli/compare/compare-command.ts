/** `eitherway compare`: measures transports against each other, on this machine or through whatever lies between. */
import { type FileHandle, open } from "node:fs/promises";
import type { Fault } from "../../testing/index.ts";
import type { Command } from "../command.ts";
import type { Arguments, GivenFlags } from "../flags.ts";
import type { Output } from "../output.ts";
import { createProgress } from "../progress.ts";
import { EXIT, type Surroundings, UsageError } from "../surroundings.ts";
import { findChromium } from "./chromium.ts";
import { compare } from "./compare.ts";
import type { ContentKind } from "./content.ts";
import { renderHtml } from "./html-report.ts";
import { PATHS, type Path } from "./paths.ts";
import { PLANS, type Plan, TimeOver } from "./plan.ts";
import type { Content } from "./rounds.ts";
import { readShape, SHAPE_FLAGS } from "./shape.ts";
import { tableLines } from "./table.ts";
import { createLocalTarget, createRemoteTarget, type LocalTargetOptions, type Target } from "./target.ts";

const KINDS: readonly ContentKind[] = ["json", "text", "bytes"];
const DEFAULT_BYTES = 120; // a line of a chat
const MIN_BYTES = 60; // for a number and a time
const DEFAULT_RATE = 500;
const MS_PER_SECOND = 1_000;

export const compareCommand: Command = {
  name: "compare",
  parameters: "",
  summary: "Measures WebSocket, SSE and long-poll against each other, and says where they differ.",
  flags: {
    quick: { help: "at most 20 s: WebSocket against SSE, rounds only" },
    full: { help: "at most 15 minutes; without either: at most 3" },
    only: {
      value: "PATHS",
      help: `some of ${PATHS.map(({ id }) => id).join(",")}, the first is what others are compared with`,
    },
    url: { value: "URL", help: "an Eitherway server elsewhere, instead of one on this machine", mirrored: true },
    ...SHAPE_FLAGS,
    tls: { help: "over TLS with a certificate made now, as browsers would go" },
    payload: { value: "BYTES", help: `size of a payload, at least ${MIN_BYTES}; default ${DEFAULT_BYTES}` },
    kind: { value: "KIND", help: `${KINDS.join(", ")}; default json` },
    rate: { value: "N", help: `messages a second while delays are measured; default ${DEFAULT_RATE}` },
    json: { help: "prints the whole comparison as JSON" },
    html: { value: "FILE", help: "writes a report, one page that needs nothing else" },
  },
  notes: [
    "Rounds of all paths are played in turn. A difference is one only if it is above 5 % and chance is no good",
    "explanation of it: docs/compare.md. Ctrl-C ends it early and keeps what was measured.",
  ],
  run,
};

async function run({ flags, positionals }: Arguments, surroundings: Surroundings, output: Output): Promise<number> {
  if (positionals.length > 0)
    throw new UsageError(`compare takes flags only; leave ${JSON.stringify(positionals[0])} out.`);
  const plan = readPlan(flags);
  const paths = readPaths(flags.text("only"), plan);
  const content = readContent(flags);
  const shape = readShape(flags);
  const url = readUrl(flags, shape?.fault);
  const report = await openReport(flags.text("html"));
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new TimeOver()), plan.mostSeconds * MS_PER_SECOND).unref();
  const signal = AbortSignal.any([surroundings.signal, over.signal]);
  const target = await openTarget(url, { fault: shape?.fault, tls: flags.on("tls") }, signal);
  const progress = createProgress(surroundings.stderr);
  try {
    const comparison = await compare({
      ...{ plan, paths, target, content, signal },
      chromium: findChromium(surroundings.env),
      command: commandLine(flags),
      ...(shape && { shape: shape.words }),
      tell: progress.tell,
    });
    progress.end();
    await report?.writeFile(renderHtml(comparison));
    await output.data(flags.on("json") ? JSON.stringify(comparison) : tableLines(comparison).join("\n"));
    return comparison.figures.length > 0 ? EXIT.ok : EXIT.failed;
  } finally {
    clearTimeout(timer);
    progress.end();
    await target.close();
    await report?.close();
  }
}

/** What to type for the same again, but for how it is shown. */
function commandLine(given: GivenFlags): string {
  const shown = Object.entries(compareCommand.flags).filter(([name]) => name !== "json" && name !== "html");
  const flags = shown.flatMap(([name, { value }]) =>
    given.texts(name).map((text) => (value === undefined ? `--${name}` : `--${name} ${text}`)),
  );
  return ["eitherway compare", ...flags].join(" ");
}

/** Before anything is measured: whoever waits for minutes must not hear then that the file cannot be written. */
async function openReport(file: string | undefined): Promise<FileHandle | undefined> {
  if (file === undefined) return undefined;
  try {
    return await open(file, "w");
  } catch (cause) {
    throw new UsageError(`--html cannot be written: ${(cause as Error).message}.`, { cause });
  }
}

/** `undefined`: a server on this machine. */
function readUrl(flags: GivenFlags, fault: Fault | undefined): string | undefined {
  const url = flags.text("url");
  if (url === undefined) return undefined;
  if (fault || flags.on("tls")) {
    throw new UsageError(
      "--rtt, --jitter, --bandwidth, --stall and --tls are for the server on this machine; leave them out, or --url.",
    );
  }
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--url is ${JSON.stringify(url)}; give for example https://example.org/eitherway.`);
  }
  return url;
}

function openTarget(url: string | undefined, local: LocalTargetOptions, signal: AbortSignal): Promise<Target> {
  return url === undefined ? createLocalTarget(local) : createRemoteTarget(url, signal);
}

function readPlan(flags: GivenFlags): Plan {
  if (flags.on("quick") && flags.on("full")) throw new UsageError("Give --quick or --full, not both.");
  return PLANS[flags.on("quick") ? "quick" : flags.on("full") ? "full" : "default"];
}

function readPaths(text: string | undefined, { paths }: Plan): readonly Path[] {
  const names = text?.split(",").map((name) => name.trim()) ?? paths;
  const known = PATHS.map(({ id }) => id).join(", ");
  if (names.length < 2)
    throw new UsageError(`--only is ${JSON.stringify(text)}; give two or more of ${known}, also one twice.`);
  return names.map((name) => {
    const path = PATHS.find(({ id }) => id === name);
    if (path) return path;
    throw new UsageError(`--only names ${JSON.stringify(name)}; known: ${known}.`);
  });
}

/** Far above what is worth measuring, below what any default limit refuses. */
const MAX_BYTES = 60_000;
const MAX_RATE = 2_000;

function readContent(flags: GivenFlags): Content {
  const kind = KINDS.find((name) => name === (flags.text("kind") ?? "json"));
  if (!kind) throw new UsageError(`--kind is ${JSON.stringify(flags.text("kind"))}; give ${KINDS.join(", ")}.`);
  return {
    kind,
    bytes: readNumber(flags, "payload", DEFAULT_BYTES, [MIN_BYTES, MAX_BYTES]),
    perSecond: readNumber(flags, "rate", DEFAULT_RATE, [1, MAX_RATE]),
  };
}

type Bounds = readonly [least: number, most: number];

function readNumber(flags: GivenFlags, name: string, otherwise: number, [least, most]: Bounds): number {
  const text = flags.text(name);
  const value = text === undefined ? otherwise : /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}; give a whole number from ${least} to ${most}.`);
}
