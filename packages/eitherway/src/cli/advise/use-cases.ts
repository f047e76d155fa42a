/** Answers for common kinds of applications. Rules of thumb, each with what its numbers rest on; every one can be overridden. */
import type { Answers } from "./questions.ts";

export interface UseCase {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** What its numbers are. */
  readonly says: string;
  readonly answers: Partial<Answers>;
  /** Where the kind of traffic is described. */
  readonly source: string;
  readonly date: string;
}

const SECOND_MS = 1_000;

export const USE_CASES: readonly UseCase[] = [
  {
    id: "chat",
    name: "Chat",
    says: "a message every 20 s and a typing note beside it, 300 bytes, 50 in a room",
    answers: {
      direction: "both",
      upstream: 0.1,
      downstream: 2,
      payload: 300,
      audience: 5_000,
      group: 50,
      latency: 500,
    },
    source: "https://xmpp.org/extensions/xep-0085.html",
    date: "2026-11-28",
  },
  {
    id: "collaborative-editing",
    name: "Collaborative editing",
    says: "5 small binary updates a second while somebody types, and cursors of the others",
    answers: {
      direction: "both",
      upstream: 5,
      downstream: 20,
      payload: 150,
      binary: 80,
      audience: 1_000,
      group: 10,
      latency: 200,
    },
    source: "https://docs.yjs.dev/api/document-updates",
    date: "2026-11-28",
  },
  {
    id: "games",
    name: "Games",
    says: "20 inputs and 20 states of the world a second, binary, through a server that decides",
    answers: {
      direction: "both",
      upstream: 20,
      downstream: 20,
      payload: 200,
      binary: 100,
      audience: 1_000,
      group: 16,
      tabs: 1,
      staleness: 100,
      latency: 100,
    },
    source: "https://developer.valvesoftware.com/wiki/Source_Multiplayer_Networking",
    date: "2026-11-28",
  },
  {
    id: "trading",
    name: "Trading screens",
    says: "50 prices a second, an order now and then, many tabs on one desk",
    answers: {
      direction: "both",
      upstream: 0.2,
      downstream: 50,
      payload: 200,
      audience: 2_000,
      group: 2_000,
      tabs: 6,
      staleness: 100,
      latency: 100,
    },
    source: "https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams",
    date: "2026-11-28",
  },
  {
    id: "news-feed",
    name: "News feed",
    says: "a post a minute to everybody, which may be half a minute old",
    answers: {
      direction: "down",
      upstream: 0,
      downstream: 0.0167,
      payload: 2_000,
      audience: 20_000,
      group: 20_000,
      staleness: 30 * SECOND_MS,
      latency: 5 * SECOND_MS,
    },
    source: "https://www.rfc-editor.org/rfc/rfc9110#section-13",
    date: "2026-11-28",
  },
  {
    id: "notifications",
    name: "Notifications",
    says: "a few an hour for each user, seen within seconds, in every tab",
    answers: {
      direction: "down",
      upstream: 0,
      downstream: 0.002,
      payload: 500,
      audience: 20_000,
      group: 3,
      tabs: 4,
      staleness: 5 * SECOND_MS,
      latency: 2 * SECOND_MS,
      http2: "yes",
    },
    source: "https://html.spec.whatwg.org/multipage/server-sent-events.html",
    date: "2026-11-28",
  },
  {
    id: "dashboards",
    name: "Dashboards",
    says: "2 updates a second of 2 kb to a hundred screens",
    answers: {
      direction: "down",
      upstream: 0,
      downstream: 2,
      payload: 2_048,
      audience: 100,
      group: 100,
      staleness: SECOND_MS,
      latency: SECOND_MS,
    },
    source: "https://html.spec.whatwg.org/multipage/server-sent-events.html",
    date: "2026-11-28",
  },
  {
    id: "progress",
    name: "Progress and answer streams",
    says: "20 pieces of text a second to the one who asked, who may stop it",
    answers: {
      direction: "down",
      upstream: 0,
      downstream: 20,
      payload: 100,
      audience: 500,
      group: 1,
      tabs: 2,
      staleness: SECOND_MS / 2,
      latency: SECOND_MS,
    },
    source: "https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol",
    date: "2026-11-28",
  },
];
