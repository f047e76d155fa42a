/** Finds out what is at a URL, and has it examined. */
import { EitherwayError } from "../../protocol/index.ts";
import { diagnose } from "./checks.ts";
import { lookDeep, type Survival } from "./deep.ts";
import type { Finding } from "./finding.ts";
import { examineEvents, examineSocket } from "./generic.ts";
import { type Answer, codeOf, request } from "./request.ts";
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

/** @throws EitherwayError `unavailable` where nothing answers, `not-found` where neither a WebSocket nor an event stream is */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const { url, signal } = options;
  const base = await findOurs(url);
  const partial = () => (signal.aborted ? { partial: "stopped before it was done" } : {});
  if (base) {
    const [visited, deep] = await Promise.all([
      visit({ ...options, url: base }),
      options.deepSeconds > 0 ? lookDeep({ url: base, seconds: options.deepSeconds, signal }) : undefined,
    ]);
    const opened = [visited.socket, visited.events, visited.stream].filter(({ headers }) => headers);
    return {
      url: base.href,
      what: "eitherway",
      seen: [`An Eitherway server; ${opened.map(({ name }) => name).join(", ") || "nothing"} opened.`],
      findings: [...diagnose(visited), ...(deep?.findings ?? [])],
      ...(deep && { survival: deep.curve }),
      ...partial(),
    };
  }
  const generic = { ...options, idleSeconds: Math.max(options.idleSeconds, options.deepSeconds) };
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
  for (const path of new Set([given, given + BASE_PATH])) {
    const candidate = new URL(path, address);
    const { message } = await head(candidate, "application/json");
    if (OURS.has(codeOf(await beginningOf(message)) ?? "")) return candidate;
  }
  return undefined;
}

/** What only the base path answers, or any path of a server that does not let this request in. */
const OURS: ReadonlySet<string> = new Set(["upgrade-required", "host-refused", "origin-refused"]);

async function checkStream(url: URL): Promise<void> {
  const { status, headers, message } = await head(url, "text/event-stream");
  message.destroy();
  if (status === 200 && headers["content-type"]?.startsWith("text/event-stream")) return;
  const answered = `${status}${headers["content-type"] ? ` with ${headers["content-type"]}` : ""}`;
  const next =
    status === 426 || status === 400
      ? "if it is a WebSocket, give its URL with ws: or wss:"
      : "give the URL of a WebSocket (ws:, wss:), an event stream, or an Eitherway server";
  throw new EitherwayError(
    "not-found",
    `${url.href} answered ${answered}: no event stream and no Eitherway server; ${next}.`,
  );
}

async function head(url: URL, accept: string): Promise<Answer> {
  try {
    return await request(url, { headers: { accept }, signal: AbortSignal.timeout(STEP_MS) });
  } catch (cause) {
    throw new EitherwayError("unavailable", `Nothing answers at ${url.href}: ${(cause as Error).message}.`, { cause });
  }
}

/** Of a stream, which does not end, only what comes first. */
async function beginningOf(message: Answer["message"]): Promise<string> {
  const isJson = message.headers["content-type"]?.includes("json") ?? false;
  let text = "";
  if (isJson) for await (const piece of message.setEncoding("utf8")) text += piece;
  message.destroy();
  return text;
}
