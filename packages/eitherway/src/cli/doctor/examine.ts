/** Finds out what is at a URL, and has it examined. */
import { performance } from "node:perf_hooks";
import { EitherwayError } from "../../protocol/index.ts";
import { diagnose } from "./checks.ts";
import { lookDeep, type Survival } from "./deep.ts";
import type { Finding } from "./finding.ts";
import { examineEvents, examineSocket } from "./generic.ts";
import { type Answer, codeOf, request, textOf } from "./request.ts";
import { visit } from "./visit.ts";

export interface ExamineOptions {
  readonly url: URL;
  readonly origin?: string | undefined;
  readonly idleSeconds: number;
  /** Seconds of the deep look; 0: none. */
  readonly deepSeconds: number;
  readonly signal: AbortSignal;
  tell(what: string): void;
}

export interface Examination {
  readonly url: string;
  readonly what: "eitherway" | "websocket" | "event-stream";
  /** For people. */
  readonly seen: readonly string[];
  readonly findings: readonly Finding[];
  /** Of `--deep`. */
  readonly survival?: readonly Survival[];
  /** Why it ended before it was done; absent: it did not. */
  readonly partial?: string;
}

const BASE_PATH = "/eitherway";
const STEP_MS = 5_000;
const MS_PER_SECOND = 1_000;
/** Without a deep look: 40 s are promised, and processes have to start and to end. */
const MOST_MS = 39_000;

/** @throws EitherwayError `unavailable` where nothing answers, `not-found` where neither a WebSocket nor an event stream is */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const { url, signal, deepSeconds } = options;
  const deadline = deepSeconds > 0 ? Number.POSITIVE_INFINITY : performance.now() + MOST_MS;
  const base = await findOurs(url);
  const partial = () => (signal.aborted ? { partial: "stopped before it was done" } : {});
  if (base) {
    const [visited, deep] = await Promise.all([
      visit({ ...options, url: base }),
      deepSeconds > 0 ? lookDeep({ ...options, url: base, seconds: deepSeconds }) : undefined,
    ]);
    const found = diagnose(visited);
    const opened = [visited.socket, visited.events, visited.stream].filter(({ headers }) => headers);
    return {
      url: base.href,
      what: "eitherway",
      seen: [`An Eitherway server; ${opened.map(({ name }) => name).join(", ") || "nothing"} opened.`],
      findings: [...found, ...(deep?.findings ?? []).filter(({ id }) => !found.some((one) => one.id === id))],
      ...(deep && { survival: deep.curve }),
      ...partial(),
    };
  }
  const generic = { ...options, deadline, idleSeconds: Math.max(options.idleSeconds, deepSeconds) };
  if (url.protocol.startsWith("ws")) {
    return { url: url.href, what: "websocket", ...(await examineSocket(generic)), ...partial() };
  }
  await checkStream(url);
  return { url: url.href, what: "event-stream", ...(await examineEvents(generic)), ...partial() };
}

/** The base path of a server of ours: what it answers to a plain GET there is a word of its own. */
async function findOurs(url: URL): Promise<URL | undefined> {
  const address = new URL(url);
  address.protocol = url.protocol.replace("ws", "http");
  const given = address.pathname.replace(/\/$/, "");
  const candidates = [given, given + BASE_PATH].map((path) => new URL(path, address));
  const codes = await Promise.all(candidates.map(codeAt));
  return candidates.find((_, place) => OURS.has(codes[place] ?? ""));
}

/** What only the base path answers, or any path of a server that does not let this request in. */
const OURS: ReadonlySet<string> = new Set(["upgrade-required", "host-refused", "origin-refused"]);

async function codeAt(url: URL): Promise<string | undefined> {
  const answer = await head(url, "application/json");
  if (!answer) return undefined; // servers of WebSockets alone may not answer
  const { headers, message } = answer;
  if (headers["content-type"]?.includes("json")) return codeOf(await textOf(message));
  message.destroy();
  return undefined;
}

async function checkStream(url: URL): Promise<void> {
  const answer = await head(url, "text/event-stream");
  if (!answer) {
    throw new EitherwayError(
      "unavailable",
      `${url.href} took the connection and answered nothing in ${STEP_MS / MS_PER_SECOND} s: the server hangs, or something on the way holds its answer back; ask the server itself, without what is between.`,
    );
  }
  const { status, headers, message } = answer;
  message.destroy();
  const type = headers["content-type"];
  if (status === 200 && type?.startsWith("text/event-stream")) return;
  throw new EitherwayError(
    "not-found",
    `${url.href} answered ${status}${type ? ` with ${type}` : ""}: no event stream and no Eitherway server; ${nextStep(answer)}.`,
  );
}

function nextStep({ status, headers: { location } }: Answer): string {
  if (location !== undefined) return `it redirects, so give ${location}`;
  if (status === 426 || status === 400) return "if it is a WebSocket, give its URL with ws: or wss:";
  return "give the URL of a WebSocket (ws:, wss:), an event stream, or an Eitherway server";
}

/** Resolves with `undefined` where a connection stands and nothing comes. */
async function head(url: URL, accept: string): Promise<Answer | undefined> {
  const signal = AbortSignal.timeout(STEP_MS);
  try {
    return await request(url, { headers: { accept }, signal });
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw new EitherwayError(
      "unavailable",
      `Nothing answers at ${url.href}: ${whyOf(cause as NodeJS.ErrnoException)}.`,
      {
        cause,
      },
    );
  }
}

/** OpenSSL's own words are of no use to people. */
function whyOf({ code, message }: NodeJS.ErrnoException): string {
  return code === "EPROTO" ? "no TLS is spoken there; try http: or ws:" : message;
}
