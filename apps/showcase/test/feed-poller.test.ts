import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type PollerOptions, startPoller } from "../feed/poller.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const EVERY_MS = 60_000;

/** A poller whose source gives these answers, one a request, the last one again and again. */
function startPolling(answers: readonly (() => Response)[], more: Partial<PollerOptions> = {}) {
  const asked: Headers[] = [];
  const published: string[] = [];
  const failures: string[] = [];
  const stop = startPoller({
    address: "https://news.example/feed.xml",
    everyMs: EVERY_MS,
    random: () => 0,
    now: Date.now,
    async fetch(_, { headers, signal }) {
      signal?.throwIfAborted();
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(new Headers(headers));
      return answer?.() ?? Response.error();
    },
    async publish(news) {
      published.push(...news.map(({ item }) => item.title));
    },
    failed: (why) => failures.push(why),
    ...more,
  });
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  return { asked, published, failures, stop, pass };
}

const document = (...titles: readonly string[]): string =>
  `<rss version="2.0"><channel><title>News</title>${titles.map((title) => `<item><title>${title}</title></item>`).join("")}</channel></rss>`;
const says =
  (text: string, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(text, { headers });
const refuses =
  (status: number, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(null, { status, headers });

test("asks with what the source said of its document before, and takes 304 for an answer", async () => {
  const validators = { etag: '"1"', "last-modified": "Sat, 01 Nov 2025 10:00:00 GMT" };
  const { asked, published, failures, pass } = startPolling([
    says(document("a"), validators),
    refuses(304),
    says(document("b", "a"), { etag: '"2"' }),
    refuses(304),
  ]);
  await pass(3 * EVERY_MS);
  expect(asked.map((headers) => [headers.get("if-none-match"), headers.get("if-modified-since")])).toEqual([
    [null, null],
    ['"1"', "Sat, 01 Nov 2025 10:00:00 GMT"],
    ['"1"', "Sat, 01 Nov 2025 10:00:00 GMT"],
    ['"2"', null],
  ]);
  expect([published, failures]).toEqual([["a", "b"], []]);
});

test("what could not be published is asked for again, whole", async () => {
  let works = false;
  const { asked, failures, pass, published } = startPolling([says(document("a"), { etag: '"1"' })], {
    async publish(news) {
      if (!works) throw new Error("no room");
      published.push(...news.map(({ item }) => item.title));
    },
  });
  await pass(0);
  works = true;
  await pass(EVERY_MS);
  expect(asked.map((headers) => headers.get("if-none-match"))).toEqual([null, null]);
  expect([failures, published]).toEqual([["no room"], ["a"]]);
});

test("comes back when the source says, and not at all to one that is gone", async () => {
  const { asked, failures, pass } = startPolling([refuses(503, { "retry-after": "600" }), refuses(410)]);
  await pass(599_000);
  expect(asked).toHaveLength(1);
  await pass(1_000);
  expect(asked).toHaveLength(2);
  await pass(10 * EVERY_MS);
  expect(asked).toHaveLength(2);
  expect(failures).toEqual(["HTTP 503", "HTTP 410"]);
});

test("a document without an end, one that is none, and no answer at all are failures, and the next one is read", async () => {
  const endless = (): Response =>
    new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(64 * 1024)) }));
  const broken = (): Response => {
    throw new TypeError("fetch failed", { cause: new Error("no route") });
  };
  const { failures, published, pass } = startPolling([endless, says("<html></html>"), broken, says(document("a"))]);
  await pass(3 * EVERY_MS);
  expect(failures).toEqual([
    "The document is larger than 2097152 bytes.",
    expect.any(String),
    "fetch failed (no route)",
  ]);
  expect(published).toEqual(["a"]);
});

test("a document in an old encoding is read by what its type says", async () => {
  const latin = (): Response =>
    new Response(Buffer.from(document("Grüße"), "latin1"), {
      headers: { "content-type": "text/xml; charset=ISO-8859-1" },
    });
  const { published, pass } = startPolling([latin]);
  await pass(0);
  expect(published).toEqual(["Grüße"]);
});

test("ends at once, with the request that is under way, and says nothing more", async () => {
  let signal: AbortSignal | null | undefined;
  const { stop, failures, pass } = startPolling([], {
    fetch: (_, init) => {
      signal = init.signal;
      return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    },
  });
  await pass(0);
  stop();
  await pass(100 * EVERY_MS);
  expect([signal?.aborted, failures, vi.getTimerCount()]).toEqual([true, [], 0]);
});
