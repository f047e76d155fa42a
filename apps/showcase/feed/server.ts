/** The feed's server: what its sources have is published once each, and everybody only reads. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { eitherway, isEitherwayError } from "eitherway";
import { logger } from "../server/logger.ts";
import type { UseCase } from "../server/use-case.ts";
import { feed } from "./contract.ts";
import { type FeedEntry, keyOf } from "./feed-document.ts";
import { startPoller } from "./poller.ts";
import { answerSample, SAMPLE_SOURCES } from "./sample-sources.ts";

export interface FeedOptions {
  /** Addresses of RSS and Atom documents. Default: the sample feeds of this server. */
  readonly sources?: readonly string[] | undefined;
  /** Milliseconds between two requests for one of them. Default: 5 minutes. */
  readonly everyMs?: number | undefined;
}

const EVERY_MS = 5 * 60_000;
const SAMPLE_EVERY_MS = 5_000;
const SAMPLES = "/feed/sources/";
/** Not asked over the network: then neither port nor certificate of this very server have to be known. */
const SAMPLES_HOST = "http://samples.invalid";

export function createFeed({ sources, everyMs = EVERY_MS }: FeedOptions = {}): UseCase {
  const ew = eitherway(feed, { logger, keyWindowMs: "7d" }); // as long as the log: what it has is not stored twice
  ew.channel("news", { authorize: ({ action }) => action !== "publish" });

  async function publish(news: readonly FeedEntry[]): Promise<void> {
    for (const entry of news) await ew.publish("news", "item", entry.item, { key: keyOf(entry) }).catch(unlessKnown);
  }

  const samples = SAMPLE_SOURCES.map(({ file }) => `${SAMPLES_HOST}${SAMPLES}${file}`);
  const stops = (sources ?? samples).map((address) =>
    startPoller({
      ...{ address, publish, random: Math.random, now: Date.now },
      everyMs: sources ? everyMs : SAMPLE_EVERY_MS,
      fetch: sources
        ? fetch
        : async (_, { headers }) => sampleAnswer(address, new Headers(headers).get("if-none-match")),
      failed: (why) => console.warn(`The feed ${address} could not be read: ${why}`),
    }),
  );

  return {
    name: "feed",
    ew,
    handle,
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** With another date, which somebody else found, or this server before it started anew: that is no news. */
function unlessKnown(thrown: unknown): void {
  if (!isEitherwayError(thrown) || thrown.code !== "key-reused") throw thrown;
}

/** The sample feeds are there for everybody: `curl` them, or subscribe to them with another reader. */
function handle({ method, url = "", headers }: IncomingMessage, response: ServerResponse): boolean {
  const [path = ""] = url.split("?", 1);
  if (method !== "GET" || !path.startsWith(SAMPLES)) return false;
  const answer = sampleAnswer(path, headers["if-none-match"] ?? null);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  void answer.text().then((text) => response.end(text));
  return true;
}

function sampleAnswer(address: string, known: string | null): Response {
  const file = address.slice(address.lastIndexOf("/") + 1);
  return answerSample(file, known, Date.now()) ?? new Response("There is no such feed.\n", { status: 404 });
}

/** `EITHERWAY_SHOWCASE_FEEDS=url,url` and `EITHERWAY_SHOWCASE_FEED_SECONDS`. */
export function readFeedOptions(env: NodeJS.ProcessEnv): FeedOptions {
  const { EITHERWAY_SHOWCASE_FEEDS: list, EITHERWAY_SHOWCASE_FEED_SECONDS: seconds } = env;
  const sources = list?.split(",").map((address) => address.trim());
  const bad = sources?.find((address) => !/^https?:\/\//.test(address) || !URL.canParse(address));
  if (bad !== undefined)
    throw new Error(`EITHERWAY_SHOWCASE_FEEDS has ${JSON.stringify(bad)}; give URLs split by commas.`);
  if (seconds !== undefined && !(Number(seconds) > 0))
    throw new Error(`EITHERWAY_SHOWCASE_FEED_SECONDS is ${JSON.stringify(seconds)}; give a number above 0.`);
  return { sources, everyMs: seconds === undefined ? undefined : Number(seconds) * 1_000 };
}
