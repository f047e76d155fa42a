/** What a visit means. Each check looks at what came, finds at most one thing, and knows nothing of the others. */
import { isIP } from "node:net";
import { isErrorCode } from "../../protocol/index.ts";
import type { Finding } from "./finding.ts";
import { buffering, idle, lifetime } from "./line-checks.ts";
import { byeOf, type Refusal } from "./lines.ts";
import { MENDS } from "./mends.ts";
import { codeOf } from "./request.ts";
import type { Visit } from "./visit.ts";

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
    mends: MENDS.host(url),
  };
};

const host: Check = ({ socket, events, stream, url }) => {
  const refused = [socket, events, stream].find(({ refusal }) => refusal && codeOf(refusal.body) === "host-refused");
  if (!refused) return undefined;
  return {
    id: "host-refused",
    severity: "fault",
    title: "The server answers to other host names only.",
    evidence: `${refused.name} was refused: ${messageOf(refused.refusal)}`,
    breaks: "Nothing works under this name.",
    mends: [
      ...MENDS.host(url),
      {
        for: "eitherway",
        setting: "--jwks URL   # or another way to know people, docs/auth.md; --insecure lets everybody read and write",
      },
    ],
  };
};

const upgrade: Check = ({ socket: { refusal } }) => {
  if (!refusal || (isOwn(refusal) && codeOf(refusal.body) !== "upgrade-required")) return undefined;
  const isLost = codeOf(refusal.body) === "upgrade-required";
  return {
    id: isLost ? "upgrade-lost" : "upgrade-refused",
    severity: "fault",
    title: isLost ? "The request to upgrade to WebSocket is lost on the way." : "WebSockets are refused on the way.",
    evidence: isLost
      ? "The server itself answered 426: it got the request without the header Upgrade, or by HTTP/1.0."
      : refusal.status === 0
        ? `There was no answer in HTTP: ${answerText(refusal)}.`
        : `The answer was ${answerText(refusal)}, which is none of the server's.`,
    breaks:
      "Clients fall back to an event stream, where each publish is a request; applications that use WebSocket alone do not connect.",
    mends: MENDS.upgrade,
  };
};

/** Codes that have checks of their own. */
const CHECKED: ReadonlySet<string> = new Set(["origin-refused", "host-refused", "upgrade-required"]);

/** Codes of limits that are options (docs/limits.md). */
const OF_LIMITS: ReadonlySet<string> = new Set([
  "too-large",
  "too-many-links",
  "too-many-subscriptions",
  "too-many-channels",
  "storage-full",
  "rate-limited",
  "slow",
  "hello-timeout",
  "body-timeout",
]);

/** Codes that another token may change. */
const FOR_TOKENS: ReadonlySet<string> = new Set(["unauthorized", "forbidden"]);

const server: Check = ({ socket, events, stream, publishes }) => {
  const lines = [socket, events, stream].flatMap((line) => {
    const code = line.refusal ? codeOf(line.refusal.body) : byeOf(line);
    return code === undefined ? [] : [{ name: line.name, code }];
  });
  const said = [...lines, ...publishes.flatMap(({ code }) => (code === undefined ? [] : [{ name: "publish", code }]))];
  const [first, ...others] = said.filter(({ code }) => !CHECKED.has(code));
  if (!first) return undefined;
  const { code } = first;
  return {
    id: "server-refuses",
    severity: "fault",
    title: `The server itself refuses: ${code}.`,
    evidence: `${first.name}: ${code}${others.length > 0 ? `, and ${others.length} more` : ""}. It answers in its own words, so they came through.`,
    breaks: `What it refuses. Nothing on the way is to blame; the doctor cannot look further there.${FOR_TOKENS.has(code) ? " It shows no token: give it a server that asks for none, by the same way." : ""}`,
    mends: OF_LIMITS.has(code) ? MENDS.limits : [],
  };
};

const eventsDoor: Check = ({ events: { refusal } }) => {
  if (!refusal || refusal.isMute || isOwn(refusal)) return undefined;
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
  if (!refusal || refusal.isMute || isOwn(refusal)) return undefined;
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
  const failed = publishes.filter(({ answeredAt, code }) => answeredAt === undefined && code === undefined);
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

const body: Check = ({ large, publishes }) => {
  if (!large || large.isOurs) return undefined;
  if (publishes.every(({ answeredAt }) => answeredAt === undefined)) return undefined; // small ones fail as well
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
    evidence: `GET /events came with ${control === undefined ? "no Cache-Control" : `"Cache-Control: ${control}"`}; the server sends "no-store, no-transform".`,
    breaks: "A cache may answer with an old stream, or wait for the end of one before it hands it on.",
    mends: MENDS.cacheable,
  };
};

/** Names and addresses that lead to the machine itself: nobody else's browser is hit. */
function isHere({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."));
}

const certificate: Check = ({ tls, url }) => certificateFinding(url, tls?.distrust);

/** @param distrust why browsers do not trust it; `undefined`: they do */
export function certificateFinding(url: URL, distrust: string | undefined): Finding | undefined {
  if (distrust === undefined) return undefined;
  return {
    id: "untrusted-certificate",
    severity: isHere(url) ? "note" : "fault",
    title: "Browsers do not trust the certificate.",
    evidence: `The TLS handshake says ${distrust}.`,
    breaks:
      "A WebSocket or a stream fails without a question to the user, unless the certificate was accepted for a page of the same host before.",
    mends: MENDS.certificate,
  };
}

const http2: Check = ({ tls, events }) => {
  if (!tls || (tls.offersHttp2 && tls.http2Failure === undefined)) return undefined;
  if (tls.http2Failure !== undefined) {
    if (!events.headers) return undefined; // it fails over HTTP/1.1 as well
    return {
      id: "illegal-headers",
      severity: "fault",
      title: "Event streams fail over HTTP/2.",
      evidence: `GET /events over HTTP/2: ${tls.http2Failure}.`,
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
        setting: "http2 on;   # before nginx 1.25.1: listen 443 ssl http2;",
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
  server,
  upgrade,
  eventsDoor,
  streamDoor,
  publishing,
  buffering,
  idle,
  ({ socket, events, stream }) => lifetime([socket, events, stream]),
  compression,
  lastEventId,
  body,
  cors,
  cacheable,
  certificate,
  http2,
  cookies,
  clock,
];

/** Nothing on the way says no, but the server. */
function isOwn({ body: text }: Refusal): boolean {
  return isErrorCode(codeOf(text) ?? "");
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
