import { expect, test } from "vitest";
import { newsOf, readFeed } from "../feed/feed-document.ts";
import { answerSample, SAMPLE_SOURCES } from "../feed/sample-sources.ts";

const NOW = Date.UTC(2026, 2, 2, 12);
const HOUR_MS = 60 * 60_000;
const addressOf = (file: string): string => `http://samples.invalid/${file}`;

test.each(SAMPLE_SOURCES)(
  "$file is a feed that says it is a sample, and has news within the hour",
  ({ file, write }) => {
    const [before, after] = [NOW, NOW + HOUR_MS].map((now) => readFeed(write(now), addressOf(file)));
    expect(before).toHaveLength(20);
    expect(before?.at(-1)?.item.source).toMatch(/\(sample\)$/);
    expect(before?.every(({ item }) => (item.published ?? Infinity) <= NOW)).toBe(true);
    expect(newsOf(after ?? [], before).length).toBeGreaterThan(10);
  },
);

test("a ship that was expected moors: the same entry in other words", () => {
  const [source] = SAMPLE_SOURCES;
  const [before, after] = [NOW, NOW + 120_000].map((now) => readFeed(source?.write(now) ?? "", addressOf("a")));
  const [expected] = before?.slice(-1) ?? [];
  const moored = after?.find(({ item }) => item.entry === expected?.item.entry);
  expect(expected?.item.title).toContain("is expected");
  expect(moored?.item.title).toContain("has moored");
});

test("a conditional request is answered 304 until the document is another one", async () => {
  const first = answerSample("arrivals.xml", null, NOW);
  const etag = first?.headers.get("etag") ?? "";
  expect([first?.status, first?.headers.get("content-type")]).toEqual([200, "application/atom+xml; charset=utf-8"]);
  expect(answerSample("arrivals.xml", etag, NOW)?.status).toBe(304);
  expect(answerSample("arrivals.xml", etag, NOW + HOUR_MS)?.status).toBe(200);
  expect(answerSample("nothing.xml", null, NOW)).toBeUndefined();
});
