/**
 * How many event streams, sockets and tabs a browser of this machine keeps open to one server. Over HTTP/1.1 the limit is the
 * browser's connections to a host, for all tabs of a profile together; over HTTP/2 it is the streams of one connection.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { BrowserLimit, BrowserLimits } from "../../instrument/index.ts";
import { createNodeServer, createSelfSignedCertificate, eitherway, type NodeEitherway } from "../../node/index.ts";
import { limitsPage, type Question, RESULT_PATH, tabPage } from "./browser-limits-page.ts";
import { openInChromium } from "./chromium.ts";

interface Trial {
  readonly id: string;
  readonly title: string;
  readonly question: Question;
  readonly isHttp2: boolean;
  readonly most: number;
}

/** One after the other in one browser, whose start takes longer than most of them. */
const TRIALS: readonly Trial[] = [
  { id: "sse-http1", title: "event streams, HTTP/1.1", question: "streams", isHttp2: false, most: 20 },
  { id: "tabs-http1", title: "tabs with a stream, HTTP/1.1", question: "tabs", isHttp2: false, most: 10 },
  { id: "websocket", title: "WebSockets", question: "sockets", isHttp2: false, most: 100 },
  { id: "sse-http2", title: "event streams, HTTP/2", question: "streams", isHttp2: true, most: 100 },
  { id: "tabs-http2", title: "tabs with a stream, HTTP/2", question: "tabs", isHttp2: true, most: 10 },
];

/** What does not open within that time on this machine, or longer where it is slow, waits for something else to close. */
const PATIENCE_MS = 1_500;
const HOST = "127.0.0.1";
const SILENT = { info() {}, warn() {}, error() {} };

/** Resolves after `limitMs` at the latest, with what was found by then; `undefined`: nothing. */
export async function measureBrowser(
  program: string,
  { signal, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
): Promise<BrowserLimits | undefined> {
  const ew = eitherway({ logger: SILENT });
  const [http1, http2] = [createNodeServer(), createNodeServer({ tls: await createSelfSignedCertificate() })];
  const limits: BrowserLimit[] = [];
  let browser = "";
  const done = new Promise<void>((resolve) => {
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (request.url !== RESULT_PATH) {
        response.writeHead(200, { "content-type": "text/html" });
        response.end(pageFor(request.url ?? ""));
        return;
      }
      const { id, title, most } = TRIALS[limits.length] as Trial;
      const { open } = JSON.parse(await text(request)) as { readonly open: number };
      limits.push({ id, title, open, atLeast: open === most });
      browser = nameOf(request.headers["user-agent"] ?? "");
      const next = TRIALS[limits.length];
      response.end(next ? urlOf(next) : "");
      if (!next) resolve();
    };
    for (const server of [http1, http2]) server.on("request", answer);
  });
  await Promise.all([http1, http2].map((server) => open(server, ew)));
  const urlOf = ({ id, isHttp2 }: Trial): string => {
    const { port } = (isHttp2 ? http2 : http1).address() as AddressInfo;
    return `${isHttp2 ? "https" : "http"}://${HOST}:${port}/?${id}`;
  };
  const chromium = await openInChromium(program, urlOf(TRIALS[0] as Trial));
  try {
    await Promise.race([done, over(AbortSignal.any([signal, AbortSignal.timeout(limitMs)]))]);
    return limits.length > 0 ? { browser, limits } : undefined;
  } finally {
    await chromium.close();
    await ew.close();
    for (const server of [http1, http2]) server.close();
  }
}

function pageFor(url: string): string {
  const trial = TRIALS.find(({ id }) => url === `/?${id}`);
  return trial ? limitsPage(trial.question, { most: trial.most, patienceMs: PATIENCE_MS }) : tabPage();
}

async function open(server: ReturnType<typeof createNodeServer>, ew: NodeEitherway): Promise<void> {
  ew.attach(server);
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
}

function over(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** `Chromium 141` of a user agent. */
function nameOf(agent: string): string {
  const [, version] = /Chrome\/(\d+)/.exec(agent) ?? [];
  return version === undefined ? agent : `Chromium ${version}`;
}
