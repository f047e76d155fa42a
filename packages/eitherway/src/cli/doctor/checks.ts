/** What a visit means. Each check looks at what came, finds at most one thing, and knows nothing of the others. */
import type { Finding } from "./finding.ts";
import type { Line, Refusal } from "./lines.ts";
import { MENDS } from "./mends.ts";
import { codeOf } from "./request.ts";
import type { Publish, Visit } from "./visit.ts";

type Check = (visit: Visit) => Finding | undefined;

export function diagnose(visit: Visit): readonly Finding[] {
  return CHECKS.map((check) => check(visit)).filter((finding) => finding !== undefined);
}

const MS_PER_SECOND = 1_000;

const origin: Check = ({ socket, stream, url }) => {
  const refused = [socket, stream].find(({ refusal }) => refusal && codeOf(refusal.body) === "origin-refused");
  if (!refused) return undefined;
  return {
    id: "origin-refused",
    severity: "fault",
    title: "The server takes its own pages for pages of somebody else.",
    evidence: `${refused.name} with "Origin: ${url.origin}" was refused: ${messageOf(refused.refusal)}`,
    breaks:
      "Browsers send Origin with each WebSocket and each POST: no page can connect. The hop changes the header Host or the scheme, by which the server knows its own address.",
    mends: MENDS.host,
  };
};

const host: Check = ({ socket, events, stream }) => {
  const refused = [socket, events, stream].find(({ refusal }) => refusal && codeOf(refusal.body) === "host-refused");
  if (!refused) return undefined;
  return {
    id: "host-refused",
    severity: "fault",
    title: "The server answers to other host names only.",
    evidence: `${refused.name} was refused: ${messageOf(refused.refusal)}`,
    breaks: "Nothing works under this name.",
    mends: [
      ...MENDS.host,
      {
        for: "eitherway",
        setting: "--insecure   # or insecure: true; there is no authentication yet, so everybody reads and writes",
      },
    ],
  };
};

const upgrade: Check = ({ socket: { refusal } }) => {
  if (!refusal || isAccess(refusal)) return undefined;
  const isLost = codeOf(refusal.body) === "upgrade-required";
  return {
    id: isLost ? "upgrade-lost" : "upgrade-refused",
    severity: "fault",
    title: isLost ? "The request to upgrade to WebSocket is lost on the way." : "WebSockets are refused on the way.",
    evidence: isLost
      ? "The server itself answered 426: it got the request without the header Upgrade, or by HTTP/1.0."
      : `The answer was ${answerText(refusal)}, which is none of the server's.`,
    breaks:
      "Clients fall back to an event stream, where each publish is a request; applications that use WebSocket alone do not connect.",
    mends: MENDS.upgrade,
  };
};

const eventsDoor: Check = ({ events: { refusal } }) => {
  if (!refusal || refusal.isMute || isAccess(refusal)) return undefined;
  return {
    id: "events-refused",
    severity: "fault",
    title: "Event streams by GET do not come through.",
    evidence: `GET /events: ${answerText(refusal)}.`,
    breaks: "EventSource gives up for ever at anything but 200 and text/event-stream.",
    mends: MENDS.refused,
  };
};

const streamDoor: Check = ({ stream: { refusal } }) => {
  if (!refusal || refusal.isMute || isAccess(refusal)) return undefined;
  return {
    id: "stream-refused",
    severity: "fault",
    title: "Event streams by POST do not come through.",
    evidence: `POST /stream: ${answerText(refusal)}.`,
    breaks: "Clients without a WebSocket fall back to long-poll.",
    mends: MENDS.refused,
  };
};

const publishing: Check = ({ publishes }) => {
  const failed = publishes.filter(
    ({ answeredAt, code }) => answeredAt === undefined && code !== "origin-refused" && code !== "host-refused",
  );
  const [first] = failed;
  if (!first) return undefined;
  return {
    id: "publish-refused",
    severity: "fault",
    title: "Publishes by POST do not come through.",
    evidence: `${failed.length} of ${publishes.length} were not stored; the first was answered ${first.status === 0 ? "by nothing" : first.status}.`,
    breaks: "Over SSE and long-poll nothing can be published.",
    mends: MENDS.refused,
  };
};

/** Below that, a network or a busy machine is late as well. */
const HELD_MS = 250;
/** Of the messages have to be late. */
const HELD_SHARE = 0.25;

const buffering: Check = ({ socket, events, stream, publishes }) => {
  const mute = [events, stream].filter(({ refusal }) => refusal?.isMute);
  const held = [socket, events, stream]
    .map((line) => ({ line, ...heldBack(line, publishes) }))
    .filter(({ late, count }) => count > 0 && late / count >= HELD_SHARE);
  if (mute.length === 0 && held.length === 0) return undefined;
  const longestMs = Math.max(...mute.map(({ refusal }) => refusal?.waitedMs ?? 0), ...held.map((one) => one.longestMs));
  return {
    id: "buffering",
    severity: "fault",
    title: "Something on the way holds messages back.",
    evidence: [...mute.map(muteText), ...held.map(heldText)].join(" "),
    breaks:
      "Messages come in bunches, or not at all until more of them are there; clients take a mute stream for a broken one and fall back to long-poll.",
    mends: MENDS.buffering,
    value: longestMs,
  };
};

function muteText({ name, refusal }: Line): string {
  return `${name}: not even the head of the answer came within ${(refusal?.waitedMs ?? 0) / MS_PER_SECOND} s.`;
}

function heldText({ line, late, count, missing, longestMs, bunches }: Held & { readonly line: Line }): string {
  const came = missing > 0 ? `; ${missing} had not come when the doctor stopped waiting` : "";
  return `${line.name}: of ${count} messages, sent 100 ms apart, ${late} came late, up to ${(longestMs / MS_PER_SECOND).toFixed(2)} s, in ${bunches} ${bunches === 1 ? "bunch" : "bunches"}${came}.`;
}

interface Held {
  readonly count: number;
  readonly late: number;
  readonly missing: number;
  readonly longestMs: number;
  readonly bunches: number;
}

/** Messages that arrive within that time arrive together. */
const TOGETHER_MS = 20;

/** Held is what comes later than the answer to its publish, which passed the same hops. */
function heldBack({ arrivals, lastByteAt, headers }: Line, publishes: readonly Publish[]): Held {
  const stored = publishes.filter(({ answeredAt }) => answeredAt !== undefined);
  const came = new Map<number, number>();
  for (const { at, data } of arrivals) {
    for (const [, number] of data.matchAll(/"number":(\d+)/g)) came.set(Number(number), at);
  }
  if (!headers) return { count: 0, late: 0, missing: 0, longestMs: 0, bunches: 0 };
  const end = Math.max(lastByteAt, ...stored.map(({ sentAt }) => sentAt)) + WAITED_MS;
  const delays = stored.map(({ answeredAt = end }, number) => (came.get(number) ?? end) - answeredAt);
  const times = [...new Set(came.values())].sort((one, other) => one - other);
  return {
    count: stored.length,
    late: delays.filter((ms) => ms > HELD_MS).length,
    missing: stored.length - came.size,
    longestMs: Math.max(0, ...delays),
    bunches: times.filter((at, place) => place === 0 || at - (times[place - 1] as number) > TOGETHER_MS).length,
  };
}

const WAITED_MS = 1_500; // what a visit waits for the last messages

const idle: Check = ({ socket, events, stream, pingMs }) => {
  const cut = [socket, events, stream].filter(({ headers, endedAt }) => headers && endedAt !== undefined);
  if (cut.length === 0) return undefined;
  const silences = cut.map(({ endedAt = 0, lastByteAt }) => endedAt - lastByteAt);
  const shortest = Math.min(...silences);
  return {
    id: "idle-cut",
    severity: "fault",
    title: `Connections are cut when they are silent for ${(shortest / MS_PER_SECOND).toFixed(1)} s.`,
    evidence: `${cut.map(({ name }, place) => `${name} was ended after ${((silences[place] ?? 0) / MS_PER_SECOND).toFixed(1)} s without a byte`).join("; ")}. The server pings every ${pingMs / MS_PER_SECOND} s.`,
    breaks:
      "Quiet channels reconnect all the time: nothing is lost, but each time costs a request, and messages come later.",
    mends: [...MENDS.idle, MENDS.ping(pingBelow(shortest))],
    value: shortest,
  };
};

/** A ping may be late, and a limit may be counted from an earlier byte: half of what was survived. */
function pingBelow(silenceMs: number): number {
  return Math.max(LEAST_PING_MS, Math.floor(silenceMs / 2 / PING_STEP_MS) * PING_STEP_MS);
}

const LEAST_PING_MS = 500;
const PING_STEP_MS = 100;

const compression: Check = ({ encoding }) => {
  if (encoding === undefined || encoding === "identity") return undefined;
  return {
    id: "compressed",
    severity: "fault",
    title: "Something on the way compresses event streams.",
    evidence: `With "Accept-Encoding: gzip, br" GET /events came with "Content-Encoding: ${encoding}", though the server sends "no-transform".`,
    breaks:
      "Compressors gather bytes before they let go of them: events come late or in bunches, and each stream costs memory in the proxy.",
    mends: MENDS.compression,
  };
};

const lastEventId: Check = (visit) => {
  const { resumed } = visit;
  if (!resumed || resumed.came === resumed.expected) return undefined;
  if (resumed.came === undefined && buffering(visit)) return undefined; // nobody can tell
  return {
    id: "last-event-id-lost",
    severity: "fault",
    title: "The header Last-Event-ID does not reach the server.",
    evidence: `A stream that asked to go on after the first message should begin with ${resumed.expected}; it began with ${resumed.came ?? "nothing"}.`,
    breaks:
      "An EventSource that loses its connection misses what came meanwhile. (Eitherway's own client says its place in the body and is not hit.)",
    mends: MENDS.lastEventId,
  };
};

const body: Check = ({ large }) => {
  if (!large || large.isOurs) return undefined;
  const { bytes, status } = large;
  return {
    id: "body-limit",
    severity: "fault",
    title: "Messages that the server would take are too large for a hop before it.",
    evidence: `A publish of ${bytes} bytes, below the server's limits.messageBytes, was answered ${status === 0 ? "by a closed connection" : status} by somebody else.`,
    breaks: "Large publishes over SSE and long-poll fail, and so do batches of many small ones.",
    mends: MENDS.body(2 * bytes),
    value: bytes,
  };
};

const cors: Check = ({ preflight }) => {
  if (!preflight || preflight.allowed === preflight.origin || preflight.allowed === "*") return undefined;
  const { origin: page, status, allowed } = preflight;
  return {
    id: "cors-refused",
    severity: "fault",
    title: `Pages of ${page} may not use this server.`,
    evidence: `A preflight from there was answered ${status} with ${allowed === undefined ? "no Access-Control-Allow-Origin" : `"Access-Control-Allow-Origin: ${allowed}"`}.`,
    breaks: "Browsers refuse what such a page asks for.",
    mends: [{ for: "eitherway", setting: `--allow-origin ${page}   # or allowedOrigins: [${JSON.stringify(page)}]` }],
  };
};

const cacheable: Check = ({ events: { headers } }) => {
  const control = headers?.["cache-control"];
  if (!headers || (control !== undefined && /no-cache|no-store/.test(control))) return undefined;
  return {
    id: "cacheable",
    severity: "fault",
    title: "Event streams may be stored on the way.",
    evidence: `GET /events came with ${control === undefined ? "no Cache-Control" : `"Cache-Control: ${control}"`}; the server sends "no-cache, no-transform".`,
    breaks: "A cache may answer with an old stream, or wait for the end of one before it hands it on.",
    mends: [
      { for: "nginx", setting: "remove `expires` and `add_header Cache-Control` for this location" },
      { for: "haproxy", setting: "remove what sets the header `cache-control`" },
    ],
  };
};

const http2: Check = ({ http2: answer }) => {
  if (!answer || (answer.offered && answer.failure === undefined)) return undefined;
  if (answer.failure !== undefined) {
    return {
      id: "illegal-headers",
      severity: "fault",
      title: "Event streams fail over HTTP/2.",
      evidence: `GET /events over HTTP/2: ${answer.failure}.`,
      breaks:
        "Browsers choose HTTP/2 where it is offered. Headers about the connection (Connection, Keep-Alive, Transfer-Encoding) are forbidden there.",
      mends: [{ for: "nginx", setting: "remove `add_header Connection` and `add_header Keep-Alive`" }],
    };
  }
  return {
    id: "no-http2",
    severity: "note",
    title: "HTTP/2 is not offered.",
    evidence: "The TLS handshake did not choose h2.",
    breaks:
      "Over HTTP/1.1 browsers open six connections to a host: with a stream in each of six tabs the seventh does not load. WebSockets are not hit, and `shareTabs()` helps.",
    mends: [
      {
        for: "nginx",
        setting: "http2 on;",
        documented: { source: "https://nginx.org/en/docs/http/ngx_http_v2_module.html", date: "2026-11-28" },
      },
    ],
  };
};

const cookies: Check = ({ cookies: all }) => {
  const [first] = all;
  if (first === undefined) return undefined;
  return {
    id: "cookie-set",
    severity: "note",
    title: "A hop sets cookies.",
    evidence: `Set-Cookie: ${first.split("=")[0]}=…`,
    breaks: "Nothing by itself. Cookies for sticky sessions are not needed here: a client goes on at any node.",
    mends: [],
  };
};

/** Above what networks and busy machines explain. */
const SKEW_MS = 5_000;

const clock: Check = ({ skewMs }) => {
  if (skewMs === undefined || Math.abs(skewMs) < SKEW_MS) return undefined;
  const seconds = Math.round(skewMs / MS_PER_SECOND);
  return {
    id: "clock-skew",
    severity: "note",
    title: `The server's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the one here.`,
    evidence: "By the header Date.",
    breaks:
      "Times of messages (`at`) look wrong to people, and tokens may be taken for expired. Order does not depend on it.",
    mends: [],
    value: seconds,
  };
};

const CHECKS: readonly Check[] = [
  host,
  origin,
  upgrade,
  eventsDoor,
  streamDoor,
  publishing,
  buffering,
  idle,
  compression,
  lastEventId,
  body,
  cors,
  cacheable,
  http2,
  cookies,
  clock,
];

/** Has checks of its own. */
function isAccess({ body: text }: Refusal): boolean {
  return ["origin-refused", "host-refused"].includes(codeOf(text) ?? "");
}

function messageOf(refusal: Refusal | undefined): string {
  const { error } = JSON.parse(refusal?.body ?? "{}") as { readonly error?: { readonly message?: string } };
  return error?.message ?? "";
}

const MOST_TEXT = 80;

function answerText({ status, body: text }: Refusal): string {
  const said = text
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, MOST_TEXT);
  return status === 0 ? said || "nothing" : `${status}${said ? ` (${said})` : ""}`;
}
