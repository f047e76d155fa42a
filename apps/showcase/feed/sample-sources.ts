/** Feeds that this server makes itself, so that there is news without a network: one RSS, one Atom, by the clock on the wall. */
import { createHash } from "node:crypto";
import { encode } from "html-entities";

export interface SampleSource {
  /** Last segment of its address: `arrivals.xml`. */
  readonly file: string;
  readonly type: string;
  /** The document as of a moment. Two servers say the same at the same moment. */
  write(now: number): string;
}

interface SampleEntry {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly published: number;
  readonly updated: number;
}

const MOST_ENTRIES = 20;

const NOTE = "Sample feed of this server";

/** A ship every 40 s, whose entry changes once she has moored. */
const SHIP_MS = 40_000;
const MOORED_AFTER_MS = 100_000;
const SHIPS = [
  "Anneke",
  "Boreas",
  "Calluna",
  "Dagny",
  "Eider",
  "Fennel",
  "Grethe",
  "Halcyon",
  "Iris",
  "Juno",
  "Kestrel",
];
const CARGOES = ["timber", "coffee", "grain", "steel", "oranges", "wind turbine blades", "paper"];
const BERTHS = 5;

/** A fact every 2 minutes. */
const FACT_MS = 120_000;
const FACTS: readonly (readonly [title: string, text: string])[] = [
  [
    "1969: RFC 1, Host Software",
    "Steve Crocker's first Request for Comments asks how the hosts of the ARPANET shall talk.",
  ],
  [
    "1974: a protocol for packet networks",
    "Vint Cerf and Bob Kahn describe what becomes TCP: numbered bytes, and a window.",
  ],
  ["1981: RFC 793, Transmission Control Protocol", "Forty-one years later RFC 9293 replaces it."],
  [
    "1982: RFC 821, Simple Mail Transfer Protocol",
    "Store and forward: whoever is away finds the mail when he is back.",
  ],
  [
    "1986: RFC 977, Network News Transfer Protocol",
    "Readers ask for what is newer than what they have. A cursor, by another name.",
  ],
  ["1991: HTTP 0.9 has one method", "A request is one line, an answer is a page, and then the line goes dead."],
  ["1996: RFC 1945, HTTP/1.0", "Headers come, and with them If-Modified-Since."],
  ["1997: ETag and If-None-Match", "RFC 2068 lets a reader ask whether anything has changed, and be told 304."],
  ["1999: RSS 0.90", "Netscape's portal wants headlines from everywhere."],
  ["2005: RFC 4287, Atom", "Every entry has an id that stays, and says when it was updated."],
  ["2006: Comet", "Alex Russell gives a name to answers that do not end."],
  [
    "2009: EventSource",
    "Server-Sent Events become a draft of their own: a stream of text, with an id for coming back.",
  ],
  ["2011: RFC 6455, The WebSocket Protocol", "Both ways over one connection, after a handshake that looks like HTTP."],
  ["2015: RFC 7540, HTTP/2", "Many streams on one connection: an event stream does not cost one of six any more."],
  ["2022: RFC 9114, HTTP/3", "The streams no longer wait for each other's lost packets."],
];

export const SAMPLE_SOURCES: readonly SampleSource[] = [
  {
    file: "arrivals.xml",
    type: "application/atom+xml",
    write: (now) => atom("Harbour arrivals (sample)", arrivals(now)),
  },
  {
    file: "protocols.xml",
    type: "application/rss+xml",
    write: (now) => rss("Protocols through the years (sample)", facts(now)),
  },
];

/** Answers a conditional request for a document, as any feed's server does; `undefined`: there is no such document. */
export function answerSample(file: string, known: string | null, now: number): Response | undefined {
  const source = SAMPLE_SOURCES.find((one) => one.file === file);
  if (!source) return undefined;
  const text = source.write(now);
  const etag = `"${createHash("sha256").update(text).digest("base64url")}"`;
  const headers = { etag, "cache-control": "no-cache", "x-content-type-options": "nosniff" };
  if (known === etag) return new Response(null, { status: 304, headers });
  return new Response(text, { headers: { ...headers, "content-type": `${source.type}; charset=utf-8` } });
}

/** Newest first. */
function arrivals(now: number): readonly SampleEntry[] {
  return newest(now, SHIP_MS).map((number) => {
    const published = number * SHIP_MS;
    const hasMoored = now - published >= MOORED_AFTER_MS;
    const ship = pick(SHIPS, number);
    const berth = 1 + (number % BERTHS);
    return {
      id: `urn:sample:ship:${number}`,
      title: hasMoored ? `${ship} has moored at berth ${berth}` : `${ship} is expected at berth ${berth}`,
      text: `${hasMoored ? "She unloads" : "She brings"} ${pick(CARGOES, number)}.`,
      published,
      updated: hasMoored ? published + MOORED_AFTER_MS : published,
    };
  });
}

function facts(now: number): readonly SampleEntry[] {
  return newest(now, FACT_MS).map((number) => {
    const [title, text] = pick(FACTS, number);
    return { id: `sample-fact-${number}`, title, text, published: number * FACT_MS, updated: number * FACT_MS };
  });
}

/** Numbers of the last entries of a source that has one every so often. */
function newest(now: number, everyMs: number): readonly number[] {
  const last = Math.floor(now / everyMs);
  return Array.from({ length: MOST_ENTRIES }, (_, back) => last - back);
}

function pick<T>(all: readonly T[], number: number): T {
  return all[number % all.length] as T;
}

function atom(title: string, entries: readonly SampleEntry[]): string {
  const time = (ms: number): string => new Date(ms).toISOString();
  const body = entries.map(
    (entry) =>
      `<entry><id>${entry.id}</id><title>${encode(entry.title)}</title><summary>${encode(entry.text)}</summary>` +
      `<published>${time(entry.published)}</published><updated>${time(entry.updated)}</updated></entry>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:sample:${encode(title)}</id><title>${encode(title)}</title><subtitle>${NOTE}</subtitle>
<updated>${time(entries[0]?.updated ?? 0)}</updated>
${body.join("\n")}
</feed>
`;
}

function rss(title: string, entries: readonly SampleEntry[]): string {
  const body = entries.map(
    (entry) =>
      `<item><guid isPermaLink="false">${entry.id}</guid><title>${encode(entry.title)}</title>` +
      `<description>${encode(entry.text)}</description><pubDate>${new Date(entry.published).toUTCString()}</pubDate></item>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>${encode(title)}</title><link>urn:sample:feed</link><description>${NOTE}</description>
${body.join("\n")}
</channel></rss>
`;
}
