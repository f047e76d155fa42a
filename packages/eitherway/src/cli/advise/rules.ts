/**
 * How the way is chosen, as data: the first rule that applies decides. Thresholds are rules of thumb unless the sentence says otherwise;
 * where they come from stands beside each.
 */
import { DEFAULT_LIMITS } from "../../core/index.ts";
import { formatNumber } from "./amounts.ts";
import type { Path } from "./measured.ts";
import type { Answers, NumberUnit, QuestionId } from "./questions.ts";
import type { Situation } from "./situation.ts";

/** `poll`: long-poll, by Eitherway. `plain-polling`: a request now and then. `download`: files and segments by HTTP. */
export type Way = Path | "webrtc" | "plain-polling" | "download";

/** The ways that Eitherway carries; the others do without it. */
export function isPath(way: Way): way is Path {
  return way === "websocket" || way === "sse" || way === "poll";
}

export interface Rule {
  readonly id: string;
  readonly advises: Way;
  when(situation: Situation): boolean;
  /** One or two sentences with the numbers of the situation. */
  because(situation: Situation): string;
  /** The answers that it rests on. */
  readonly decides: readonly QuestionId[];
  readonly source: string;
  readonly date: string;
}

/** Beyond that each sends everything to everybody else too often. */
const MESH_CLIENTS = 6;
/** A message in 30 s. */
const RARE_PER_SECOND = 0.0334;
const RARE_STALENESS_MS = 30_000;
const CROWD_STALENESS_MS = 10_000;
const REQUESTS_PER_SECOND = 1;
const BINARY_PERCENT = 20;
/** Of HTTP/1.1 in browsers; one must be left for everything else. */
const STREAM_TABS = 5;

export const RULES: readonly Rule[] = [
  {
    id: "media-down",
    advises: "download",
    when: ({ answers }) => answers.carries === "media" && answers.direction === "down",
    because: () =>
      "Audio and video for listeners are cut into segments that any HTTP server and CDN hands out (HLS, DASH). A channel would carry every byte once per listener, in order, however late.",
    decides: ["carries", "direction"],
    source: "https://www.rfc-editor.org/rfc/rfc8216",
    date: "2026-11-28",
  },
  {
    id: "media-talk",
    advises: "webrtc",
    when: ({ answers }) => answers.carries === "media",
    because: () =>
      "Live audio and video both ways need to lose what is late instead of waiting for it, and codecs that adapt: WebRTC has both, a channel neither.",
    decides: ["carries", "direction"],
    source: "https://www.w3.org/TR/webrtc/",
    date: "2026-11-28",
  },
  {
    id: "files-peer",
    advises: "webrtc",
    when: ({ answers }) => answers.carries === "files" && answers.direction === "peer",
    because: () =>
      "A data channel of WebRTC takes files from one client to another without any server paying for the bytes.",
    decides: ["carries", "direction"],
    source: "https://developer.mozilla.org/en-US/docs/Web/API/WebRTC_API/Using_data_channels",
    date: "2026-11-28",
  },
  {
    id: "files",
    advises: "download",
    when: ({ answers }) => answers.carries === "files",
    because: () =>
      "Files go by ordinary requests: they can be cached, resumed by range and served by a CDN. Let a message carry the link.",
    decides: ["carries"],
    source: "https://www.rfc-editor.org/rfc/rfc9110#section-14",
    date: "2026-11-28",
  },
  {
    id: "peers",
    advises: "webrtc",
    when: ({ answers: { direction, group, platform } }) =>
      direction === "peer" && group <= MESH_CLIENTS && platform === "browsers",
    because: ({ answers: { group } }) =>
      `${group} clients in a channel may talk directly (up to ${MESH_CLIENTS} as a rule of thumb): no server in the way, and late messages may be dropped.`,
    decides: ["direction", "group", "platform"],
    source: "https://developer.mozilla.org/en-US/docs/Web/API/WebRTC_API/Using_data_channels",
    date: "2026-11-28",
  },
  {
    id: "rare",
    advises: "plain-polling",
    when: ({ answers: { upstream, downstream, staleness } }) =>
      staleness >= RARE_STALENESS_MS && Math.max(upstream, downstream) <= RARE_PER_SECOND,
    because: ({ answers: { downstream, staleness } }) =>
      `News at ${say("rate", downstream)} that may be ${say("ms", staleness)} old need no open connection: ask every ${say("ms", staleness)}, and an unchanged answer costs a 304.`,
    decides: ["staleness", "downstream", "upstream"],
    source: "https://www.rfc-editor.org/rfc/rfc9110#section-13",
    date: "2026-11-28",
  },
  {
    id: "crowd",
    advises: "plain-polling",
    when: ({ answers: { upstream, audience, staleness } }) =>
      audience > DEFAULT_LIMITS.links && staleness >= CROWD_STALENESS_MS && upstream <= RARE_PER_SECOND,
    because: ({ answers: { audience, staleness } }) =>
      `${say("count", audience)} clients are more than one process takes by default (${say("count", DEFAULT_LIMITS.links)} links), and ${say("ms", staleness)} of age is allowed: one answer in a CDN serves all of them.`,
    decides: ["audience", "staleness", "upstream"],
    source: "https://www.rfc-editor.org/rfc/rfc9111#section-4.2",
    date: "2026-11-28",
  },
  {
    id: "nothing-open",
    advises: "poll",
    when: ({ closed }) => closed.websocket !== undefined && closed.sse !== undefined,
    because: ({ closed }) => `${closed.websocket} ${closed.sse} Long-poll is what is left: every answer ends.`,
    decides: ["hosting", "latency"],
    source: "https://www.rfc-editor.org/rfc/rfc6202#section-2",
    date: "2026-11-28",
  },
  {
    id: "no-websocket",
    advises: "sse",
    when: ({ closed }) => closed.websocket !== undefined,
    because: ({ closed }) => `${closed.websocket} An event stream with requests beside it passes.`,
    decides: ["hosting"],
    source: "https://html.spec.whatwg.org/multipage/server-sent-events.html",
    date: "2026-11-28",
  },
  {
    id: "no-stream",
    advises: "websocket",
    when: ({ closed }) => closed.sse !== undefined,
    because: ({ closed }) => `${closed.sse} A WebSocket passes.`,
    decides: ["hosting", "latency"],
    source: "https://www.rfc-editor.org/rfc/rfc6455#section-1.1",
    date: "2026-11-28",
  },
  {
    id: "upstream",
    advises: "websocket",
    when: ({ answers }) => answers.upstream > REQUESTS_PER_SECOND,
    because: ({ answers: { upstream } }) =>
      `A client sends ${say("rate", upstream)}. Beside an event stream each is a request with all its headers; on a WebSocket it is a frame with 6 to 14 bytes of its own. The line is drawn at ${say("rate", REQUESTS_PER_SECOND)}.`,
    decides: ["upstream"],
    source: "https://www.rfc-editor.org/rfc/rfc6455#section-1.1",
    date: "2026-11-28",
  },
  {
    id: "binary",
    advises: "websocket",
    when: ({ answers }) => answers.binary > BINARY_PERCENT,
    because: ({ answers: { binary } }) =>
      `${say("percent", binary)} of the bytes are binary. Event streams are text, so these grow by a third there; a WebSocket takes them as they are. The line is drawn at ${say("percent", BINARY_PERCENT)}.`,
    decides: ["binary"],
    source: "https://developer.mozilla.org/en-US/docs/Glossary/Base64#encoded_size_increase",
    date: "2026-11-28",
  },
  {
    id: "measured-latency",
    advises: "websocket",
    when: ({ answers: { latency }, measured }) => {
      const [stream, socket] = [measured?.paths.sse?.roundTripMs, measured?.paths.websocket?.roundTripMs];
      return stream !== undefined && socket !== undefined && stream > latency && socket <= latency;
    },
    because: ({ answers: { latency }, measured }) =>
      `Allowed are ${say("ms", latency)} there and back. As measured an event stream with requests takes ${say("ms", measured?.paths.sse?.roundTripMs ?? 0)}, a WebSocket ${say("ms", measured?.paths.websocket?.roundTripMs ?? 0)}.`,
    decides: ["latency"],
    source: "https://www.rfc-editor.org/rfc/rfc6455#section-1.1",
    date: "2026-11-28",
  },
  {
    id: "tabs",
    advises: "websocket",
    when: ({ answers: { tabs, http2, platform } }) => platform === "browsers" && http2 === "no" && tabs > STREAM_TABS,
    because: ({ answers: { tabs } }) =>
      `${tabs} tabs with an event stream each would use up the 6 connections that a browser opens to a server over HTTP/1.1: the next page would not even load. WebSockets are not counted among them.`,
    decides: ["tabs", "http2", "platform"],
    source: "https://developer.mozilla.org/en-US/docs/Web/API/EventSource",
    date: "2026-11-28",
  },
  {
    id: "react-native",
    advises: "websocket",
    when: ({ answers }) => answers.platform === "react-native",
    because: () =>
      "React Native's fetch cannot read a stream; its WebSocket works everywhere. Event streams by XMLHttpRequest are the second choice.",
    decides: ["platform"],
    source: "https://github.com/react/react-native/issues/37505",
    date: "2026-11-28",
  },
  {
    id: "stream",
    advises: "sse",
    when: () => true,
    because: ({ answers: { upstream, downstream } }) =>
      `A client gets ${say("rate", downstream)} and sends ${upstream === 0 ? "nothing" : say("rate", upstream)} (the line is at ${say("rate", REQUESTS_PER_SECOND)}): an event stream carries any rate of text downwards, passes whatever passes HTTP, and every tool can read it.`,
    decides: ["upstream", "binary"],
    source: "https://html.spec.whatwg.org/multipage/server-sent-events.html",
    date: "2026-11-28",
  },
];

/** Total: the last rule always applies. */
export function decide(situation: Situation): Rule {
  return RULES.find((rule) => rule.when(situation)) as Rule;
}

function say(unit: NumberUnit, value: Answers[QuestionId] & number): string {
  return formatNumber(unit, value);
}
