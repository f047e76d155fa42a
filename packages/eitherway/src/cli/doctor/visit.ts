/** A visit to a server of ours: everything that is tried, and what came. What it means is decided in checks.ts. */
import { performance } from "node:perf_hooks";
import { jsonClientCodec } from "../../protocol/index.ts";
import { type Arrival, type Line, openEvents, openSocket } from "./lines.ts";
import { pause } from "./pause.ts";
import { type Answer, ask, codeOf } from "./request.ts";
import { askTls, type TlsAnswer } from "./tls.ts";

export interface VisitOptions {
  /** The base path of the server. */
  readonly url: URL;
  /** Seconds of silence after the publishes. */
  readonly idleSeconds: number;
  /** Of a page that is to use the server, where that is another one. */
  readonly origin?: string | undefined;
  readonly signal: AbortSignal;
  tell(what: string): void;
}

export interface Visit {
  readonly url: URL;
  readonly socket: Line;
  readonly events: Line;
  readonly stream: Line;
  readonly publishes: readonly Publish[];
  /** What came first after the id of the first message; `undefined`: it was not tried. */
  readonly resumed?: Resumed;
  /** A publish just below the server's own limit. */
  readonly large?: Large;
  /** `Content-Encoding` of an event stream for a client that takes gzip. */
  readonly encoding: string | undefined;
  readonly preflight?: { readonly origin: string; readonly status: number; readonly allowed: string | undefined };
  /** Of https alone. */
  readonly tls?: TlsAnswer;
  /** The server's `Date` less the clock here, in ms. */
  readonly skewMs: number | undefined;
  readonly cookies: readonly string[];
  readonly pingMs: number;
  /** When it ended, by `performance.now()`. */
  readonly until: number;
}

export interface Publish {
  /** Stands in its payload. */
  readonly number: number;
  readonly sentAt: number;
  /** The server's `Date` less the clock here, in ms. */
  readonly skewMs?: number | undefined;
  /** When its answer came; absent: it was not stored. */
  readonly answeredAt?: number;
  readonly status: number;
  readonly code?: string | undefined;
}

export interface Resumed {
  readonly expected: string;
  readonly came: string | undefined;
}

export interface Large {
  readonly bytes: number;
  readonly status: number;
  readonly isOurs: boolean;
}

/** The yardstick: messages that would pass a bad hop one by one, if it let them. */
const PUBLISHES = 20;
const EVERY_MS = 100;
const STEP_MS = 5_000;
const MS_PER_SECOND = 1_000;
/** For the last messages to come. */
const LAST_MS = 1_500;
/** The first ping of an event stream comes about 1 s after its beginning (PROTOCOL.md, rule L6). */
const DEFAULT_PING_MS = 15_000;

/** Where each step waits to its end, silence is listened to for less: finding out what is there takes 5 s before, and 40 s are promised. */
const WHOLE_MS = 34_000;

/** Takes about 4 s and the idle time, at most 34 s. Never rejects for what a server does. */
export async function visit({ url, idleSeconds, origin, signal, tell }: VisitOptions): Promise<Visit> {
  const channel = `doctor/${crypto.randomUUID()}`;
  const own = url.origin;
  const deadline = performance.now() + WHOLE_MS;
  const hello = jsonClientCodec.writeClient({ t: "hello", client: "doctor", channels: new Map([[channel, "now"]]) });
  const at = (path: string): URL => new URL(`${url.href}${path}`);
  const eventsUrl = at(`/events?channel=${channel}`);
  tell("opening a WebSocket and two event streams");
  const [socket, events, stream] = await Promise.all([
    openSocket(url, { origin: own, protocols: ["eitherway.v1.json"], hello, timeoutMs: STEP_MS }),
    openEvents(eventsUrl, { name: "GET /events", headers: { "sec-fetch-site": "same-origin" }, timeoutMs: STEP_MS }),
    openEvents(at("/stream"), {
      name: "POST /stream",
      method: "POST",
      body: hello,
      headers: { origin: own },
      timeoutMs: STEP_MS,
    }),
  ]);
  const lines = [socket, events, stream];
  const heads = lines.flatMap(({ headers, refusal }) => [headers ?? refusal?.headers ?? {}]);
  try {
    tell(`publishing ${PUBLISHES} messages`);
    const target = at(`/channels/${channel}`);
    const publishes = await publishAll(target, own, signal);
    await pause(LAST_MS, signal);
    tell("resuming, sending a large message, asking as other clients do");
    const welcome = welcomeOf([socket, stream]);
    const until = Math.min(performance.now() + idleSeconds * MS_PER_SECOND, deadline);
    const [resumed, large, encoding, preflight, tls] = await Promise.all([
      signal.aborted ? undefined : resume(eventsUrl, events),
      publishLarge(at(`/channels/doctor/${crypto.randomUUID()}`), own, welcome.messageBytes, signal),
      encodingOf(eventsUrl, STEP_MS),
      origin === undefined || signal.aborted ? undefined : askBefore(target, origin),
      url.protocol === "https:" ? askTls(eventsUrl, STEP_MS) : undefined,
    ]);
    tell(`listening for ${idleSeconds} s whether silent connections are cut`);
    await pause(until - performance.now(), signal);
    return {
      ...{ url, socket, events, stream, publishes, encoding },
      skewMs: leastSkewOf(publishes),
      ...(resumed && { resumed }),
      ...(large && { large }),
      ...(preflight && { preflight }),
      ...(tls && { tls }),
      cookies: heads.flatMap((head) => head["set-cookie"] ?? []),
      pingMs: welcome.pingMs,
      until: performance.now(),
    };
  } finally {
    for (const line of lines) line.close();
  }
}

async function publishAll(url: URL, origin: string, signal: AbortSignal): Promise<readonly Publish[]> {
  const all: Promise<Publish>[] = [];
  for (let number = 0; number < PUBLISHES && !signal.aborted; number++) {
    all.push(publish(url, origin, number));
    await pause(EVERY_MS, signal);
  }
  return Promise.all(all);
}

/** Of the second half of the messages: by it, bunches tell whether a hop waits for a time or for bytes (held.ts). */
const PAD = "x".repeat(1_000);

async function publish(url: URL, origin: string, number: number): Promise<Publish> {
  const sentAt = performance.now();
  try {
    const body = JSON.stringify(number < PUBLISHES / 2 ? { number } : { number, pad: PAD });
    const headers = { origin, "content-type": "application/json" };
    const answer = await ask(url, { method: "POST", headers, body, signal: AbortSignal.timeout(STEP_MS) });
    const { status } = answer;
    const told = { number, sentAt, status, skewMs: skewOf(answer.headers.date) };
    return status === 201 ? { ...told, answeredAt: performance.now() } : { ...told, code: codeOf(answer.body) };
  } catch {
    return { number, sentAt, status: 0 };
  }
}

/** For a replay to come, which a header that is lost never brings. */
const RESUME_MS = 3_000;
const LOOK_MS = 50;

/** Goes on after the first message, as an `EventSource` does that lost its connection: the second one has to come first. */
async function resume(url: URL, events: Line): Promise<Resumed | undefined> {
  const [first, second] = events.arrivals.filter(isPlace);
  if (!first?.id || !second?.id) return undefined;
  const line = await openEvents(url, { name: "resume", headers: { "last-event-id": first.id }, timeoutMs: STEP_MS });
  const arrival = () => line.arrivals.find(isPlace);
  for (let waited = 0; !arrival() && waited < RESUME_MS && !line.refusal; waited += LOOK_MS) await pause(LOOK_MS);
  line.close();
  if (line.refusal) return undefined;
  return { expected: second.id, came: arrival()?.id };
}

/** Pings have no id of their own, and keep the last one. */
function isPlace({ id, event }: Arrival): boolean {
  return id !== undefined && id !== "" && event !== "ping";
}

/** Room for quotes around it, and for a limit that is counted a little differently. */
const MARGIN_BYTES = 64;
/** More would take too long from far away, and the usual limits of hops are below: nginx's is 1 MiB. */
const MOST_BYTES = 1.25 * 1_024 * 1_024;
const LARGE_MS = 15_000;

async function publishLarge(
  url: URL,
  origin: string,
  limit: number | undefined,
  signal: AbortSignal,
): Promise<Large | undefined> {
  if (limit === undefined || signal.aborted) return undefined;
  const bytes = Math.min(limit - MARGIN_BYTES, MOST_BYTES);
  const timeout = AbortSignal.timeout(LARGE_MS);
  try {
    const headers = { origin, "content-type": "text/plain" };
    const { status, body } = await ask(url, { method: "POST", headers, body: "x".repeat(bytes), signal: timeout });
    return { bytes, status, isOurs: status === 201 || codeOf(body) !== undefined };
  } catch {
    return timeout.aborted ? undefined : { bytes, status: 0, isOurs: false }; // a slow network is no limit
  }
}

async function encodingOf(url: URL, timeoutMs: number): Promise<string | undefined> {
  const line = await openEvents(url, { name: "compressed", headers: { "accept-encoding": "gzip, br" }, timeoutMs });
  line.close();
  return line.headers?.["content-encoding"];
}

async function askBefore(url: URL, origin: string) {
  const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
  const answer: Answer | undefined = await ask(url, {
    method: "OPTIONS",
    headers,
    signal: AbortSignal.timeout(STEP_MS),
  }).catch(() => undefined);
  return { origin, status: answer?.status ?? 0, allowed: answer?.headers["access-control-allow-origin"] };
}

function welcomeOf(lines: readonly Line[]): { readonly pingMs: number; readonly messageBytes: number | undefined } {
  for (const { arrivals } of lines) {
    for (const { data } of arrivals) {
      const frame = parsed(data) as { t?: string; ping?: number; limits?: { messageBytes?: number } } | undefined;
      if (frame?.t === "welcome")
        return { pingMs: frame.ping ?? DEFAULT_PING_MS, messageBytes: frame.limits?.messageBytes };
    }
  }
  return { pingMs: DEFAULT_PING_MS, messageBytes: undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer may have been held back, which looks like a clock that is behind. */
function leastSkewOf(publishes: readonly Publish[]): number | undefined {
  const skews = publishes.flatMap(({ skewMs }) => skewMs ?? []);
  return skews.sort((one, other) => Math.abs(one) - Math.abs(other))[0];
}

function skewOf(date: string | undefined): number | undefined {
  const ms = Date.parse(date ?? "") - Date.now();
  return Number.isNaN(ms) ? undefined : ms;
}
