/** WebSockets and event streams of servers that are not ours: what can be told from outside, without a word of their protocol. */
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";
import { certificateFinding } from "./checks.ts";
import { documented, type Finding, type Mend } from "./finding.ts";
import { type Line, openEvents, openSocket } from "./lines.ts";
import { MENDS } from "./mends.ts";
import { listenTo } from "./pause.ts";
import { askDistrust, askTls } from "./tls.ts";

export interface GenericOptions {
  readonly url: URL;
  readonly origin?: string | undefined;
  /** Of listening for what cuts it. */
  readonly idleSeconds: number;
  /** When listening is over at the latest, by `performance.now()`. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  tell(what: string): void;
}

/** What was seen, for people, and what is wrong. */
export interface Examined {
  readonly seen: readonly string[];
  readonly findings: readonly Finding[];
}

const STEP_MS = 5_000;
const MS_PER_SECOND = 1_000;

export async function examineSocket(options: GenericOptions): Promise<Examined> {
  const { url, origin, tell } = options;
  tell("opening a WebSocket");
  const page = origin ?? url.origin.replace(/^ws/, "http");
  const line = await openSocket(url, { origin: page, protocols: [], timeoutMs: STEP_MS });
  if (line.refusal) {
    const { status, body, headers } = line.refusal;
    const target =
      headers.location === undefined ? "" : `, a redirect to ${headers.location}, which browsers do not follow`;
    const evidence = status === 0 ? `${body}.` : `The answer was ${status}${target}.`;
    return { seen: [], findings: [{ ...REFUSED, evidence }] };
  }
  const extensions = line.headers?.["sec-websocket-extensions"];
  const [pongMs, distrust] = await Promise.all([
    pingOnce(url, page),
    url.protocol === "wss:" ? askDistrust(url, STEP_MS) : undefined,
  ]);
  const listened = await listen(line, options);
  const untrusted = certificateFinding(url, distrust);
  return {
    seen: [
      "It opens.",
      pongMs === undefined ? "A ping got no pong within 5 s." : `A ping comes back after ${pongMs.toFixed(1)} ms.`,
      extensions === undefined ? "Compression is not used." : `Extensions: ${extensions}.`,
      `${line.arrivals.length} messages came in ${listened}.`,
    ],
    findings: [...cutFinding(line), ...(pongMs === undefined ? [NO_PONG] : []), ...(untrusted ? [untrusted] : [])],
  };
}

/** Resolves with for how long, for people. */
async function listen(line: Line, { idleSeconds, deadline, signal, tell }: GenericOptions): Promise<string> {
  const began = performance.now();
  tell(`listening for ${idleSeconds} s whether it is cut`);
  await listenTo([line], Math.min(idleSeconds * MS_PER_SECOND, deadline - began), signal);
  line.close();
  return `${((performance.now() - began) / MS_PER_SECOND).toFixed(1)} s`;
}

const REFUSED: Omit<Finding, "evidence"> = {
  id: "upgrade-refused",
  severity: "fault",
  title: "The WebSocket does not open.",
  breaks: "No client connects.",
  mends: MENDS.upgrade,
};

const NO_PONG: Finding = {
  id: "no-pong",
  severity: "fault",
  title: "A ping gets no pong.",
  evidence: "RFC 6455 section 5.5.2 demands one; none came within 5 s.",
  breaks: "Whoever tells dead connections by pings takes this one for dead.",
  mends: [],
};

async function pingOnce(url: URL, origin: string): Promise<number | undefined> {
  const socket = new WebSocket(url, { origin, handshakeTimeout: STEP_MS, rejectUnauthorized: false });
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(undefined), STEP_MS);
    let sentAt = 0;
    function end(ms: number | undefined): void {
      clearTimeout(timer);
      socket.terminate();
      resolve(ms);
    }
    socket.on("error", () => end(undefined));
    socket.on("open", () => {
      sentAt = performance.now();
      socket.ping();
    });
    socket.on("pong", () => end(performance.now() - sentAt));
  });
}

export async function examineEvents(options: GenericOptions): Promise<Examined> {
  const { url, origin, tell } = options;
  tell("opening event streams");
  const headers: Readonly<Record<string, string>> = origin === undefined ? {} : { origin };
  const [line, compressed, tls] = await Promise.all([
    openEvents(url, { name: "GET", headers, timeoutMs: STEP_MS }),
    openEvents(url, { name: "compressed", headers: { ...headers, "accept-encoding": "gzip, br" }, timeoutMs: STEP_MS }),
    url.protocol === "https:" ? askTls(url, STEP_MS) : undefined,
  ]);
  compressed.close();
  const listened = await listen(line, options);
  const { arrivals, openedAt, headers: head = {} } = line;
  const [first] = arrivals;
  const encoding = compressed.headers?.["content-encoding"];
  const findings: Finding[] = [...cutFinding(line)];
  if (encoding !== undefined) findings.push(compressedFinding(encoding));
  if (!/no-cache|no-store/.test(head["cache-control"] ?? "")) findings.push(cacheableFinding(head["cache-control"]));
  if (head["x-accel-buffering"] !== "no") findings.push(NO_ANTI_BUFFERING);
  if (arrivals.length > 0 && arrivals.every(({ id }) => id === undefined || id === "")) findings.push(NO_IDS);
  const untrusted = certificateFinding(url, tls?.distrust);
  if (untrusted) findings.push(untrusted);
  if (tls?.http2Failure !== undefined) findings.push({ ...ILLEGAL, evidence: `Over HTTP/2: ${tls.http2Failure}.` });
  return {
    seen: [
      "It opens.",
      first
        ? `The first event came ${(first.at - openedAt).toFixed(0)} ms after the head.`
        : `No event came in ${listened}.`,
      `${arrivals.length} events came.`,
      ...(tls
        ? [tls.offersHttp2 ? "HTTP/2 is offered." : "HTTP/2 is not offered: six streams for all tabs of a browser."]
        : []),
      "Whether events are held back cannot be told without knowing when they were sent.",
    ],
    findings,
  };
}

function cutFinding({ name, endedAt, lastByteAt }: Line): readonly Finding[] {
  if (endedAt === undefined) return [];
  const silence = endedAt - lastByteAt;
  return [
    {
      id: "idle-cut",
      severity: "fault",
      title: "The other side ended the connection.",
      evidence: `${name} was ended ${(silence / MS_PER_SECOND).toFixed(1)} s after the last byte.`,
      breaks: "Clients reconnect, and lose what the server does not keep for them.",
      mends: MENDS.idle,
      value: silence,
    },
  ];
}

/** HAProxy and most middleware obey it; nginx does not. */
const NO_TRANSFORM: Mend = { for: "the application", setting: "Cache-Control: no-store, no-transform" };

function compressedFinding(encoding: string): Finding {
  return {
    id: "compressed",
    severity: "fault",
    title: "The event stream is compressed.",
    evidence: `With "Accept-Encoding: gzip, br" it came with "Content-Encoding: ${encoding}".`,
    breaks: "Compressors gather bytes before they let go of them, unless they are flushed after each event.",
    mends: [NO_TRANSFORM, ...MENDS.compression],
  };
}

function cacheableFinding(control: string | undefined): Finding {
  return {
    id: "cacheable",
    severity: "fault",
    title: "The event stream may be stored on the way.",
    evidence: control === undefined ? "It came without Cache-Control." : `It came with "Cache-Control: ${control}".`,
    breaks: "A cache may answer with an old stream, or wait for the end of one.",
    mends: [NO_TRANSFORM],
  };
}

const NO_ANTI_BUFFERING: Finding = {
  id: "no-anti-buffering",
  severity: "note",
  title: "The stream does not ask nginx not to buffer it.",
  evidence: "There is no X-Accel-Buffering: no.",
  breaks: "Behind an nginx with its defaults events wait until a buffer is full.",
  mends: [{ for: "the application", setting: "X-Accel-Buffering: no" }, ...documented("nginx-buffering")],
};

const NO_IDS: Finding = {
  id: "no-event-ids",
  severity: "note",
  title: "Events have no ids.",
  evidence: "No event that came had an id.",
  breaks: "An EventSource that reconnects cannot say where it stood: what came meanwhile is lost.",
  mends: [{ for: "the application", setting: "id: <a position that you can go on from>" }],
};

const ILLEGAL: Omit<Finding, "evidence"> = {
  id: "illegal-headers",
  severity: "fault",
  title: "The event stream fails over HTTP/2.",
  breaks: "Browsers choose HTTP/2 where it is offered.",
  mends: [{ for: "the application", setting: "leave out Connection, Keep-Alive and Transfer-Encoding" }],
};
