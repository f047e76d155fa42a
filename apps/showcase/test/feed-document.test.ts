import { expect, test } from "vitest";
import { keyOf, newsOf, readFeed } from "../feed/feed-document.ts";

const ADDRESS = "https://news.example/feed.xml";

function rss(...items: readonly string[]): string {
  const body = items.map((item) => `<item>${item}</item>`).join("");
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>News &amp; more</title>${body}</channel></rss>`;
}

const titles = (text: string): readonly string[] => readFeed(text, ADDRESS).map(({ item }) => item.title);

test("an RSS item and an Atom entry are the same to a reader", () => {
  const [one] = readFeed(
    rss(
      "<guid>1</guid><title>Storm &lt;b&gt;over&lt;/b&gt; the bay</title><link>https://news.example/1</link>" +
        "<description><![CDATA[<p>Ships &amp; boats<br>stay in.</p><script>bad()</script>]]></description><pubDate>Sat, 01 Nov 2025 10:00:00 GMT</pubDate>",
    ),
    ADDRESS,
  );
  expect(one?.item).toEqual({
    entry: expect.stringMatching(/^[\w-]{43}$/),
    source: "News & more",
    title: "Storm over the bay",
    summary: "Ships & boats stay in.",
    url: "https://news.example/1",
    published: Date.UTC(2025, 10, 1, 10),
  });
  const [entry] = readFeed(
    `<feed xmlns="http://www.w3.org/2005/Atom"><title>News &amp; more</title><entry><id>1</id><title type="html">Storm &lt;b&gt;over&lt;/b&gt; the bay</title>
      <link href="https://news.example/1"/><summary type="html">&lt;p&gt;Ships &amp;amp; boats stay in.&lt;/p&gt;</summary><published>2025-11-01T10:00:00Z</published></entry></feed>`,
    ADDRESS,
  );
  expect(entry?.item).toEqual(one?.item);
});

test("entries come oldest first: by their dates, or against the order of the document where they have none", () => {
  expect(titles(rss("<title>3</title>", "<title>2</title>", "<title>1</title>"))).toEqual(["1", "2", "3"]);
  const dated = (day: number): string => `<title>${day}</title><pubDate>Sat, 0${day} Nov 2025 10:00:00 GMT</pubDate>`;
  expect(titles(rss(dated(2), dated(3), dated(1)))).toEqual(["1", "2", "3"]);
});

test("an entry is known by its id, else by its address, else by its title; in its own source alone, and once in a document", () => {
  const entryOf = (item: string, address = ADDRESS): string | undefined => readFeed(rss(item), address)[0]?.item.entry;
  const link = "<link>https://news.example/1</link>";
  expect(entryOf(`<guid>1</guid><title>a</title>${link}`)).toBe(entryOf("<guid>1</guid><title>b</title>"));
  expect(entryOf(`<title>a</title>${link}`)).toBe(entryOf(`<title>b</title>${link}`));
  expect(entryOf("<title>a</title>")).not.toBe(entryOf("<title>b</title>"));
  expect(entryOf("<guid>1</guid><title>a</title>")).not.toBe(
    entryOf("<guid>1</guid><title>a</title>", "https://other.example/feed.xml"),
  );
  expect(titles(rss("<guid>1</guid><title>new</title>", "<guid>1</guid><title>old</title>"))).toEqual(["new"]);
});

test("news is what the document before did not have, or said in other words; a moved date is none", () => {
  const before = readFeed(rss("<guid>1</guid><title>a</title>", "<guid>2</guid><title>b</title>"), ADDRESS);
  const after = readFeed(
    rss(
      "<guid>3</guid><title>c</title>",
      "<guid>1</guid><title>a</title><pubDate>Sat, 01 Nov 2025 10:00:00 GMT</pubDate>",
      "<guid>2</guid><title>b, corrected</title>",
    ),
    ADDRESS,
  );
  const news = (entries: typeof before): readonly string[] => entries.map(({ item }) => item.title);
  expect(news(newsOf(before, undefined))).toEqual(["b", "a"]);
  expect(news(newsOf(after, before))).toEqual(["b, corrected", "c"]);
  expect(newsOf(after, after)).toEqual([]);
});

test("a version of an entry has the same key wherever it is found, and another version another one, within the bounds of a key", () => {
  const [one, again, other] = ["a", "a", "b"].map((title) => {
    const [entry] = readFeed(rss(`<guid>1</guid><title>${title}</title>`), ADDRESS);
    return entry && keyOf(entry);
  });
  expect(one).toBe(again);
  expect(one).not.toBe(other);
  expect(one?.length).toBeLessThanOrEqual(128);
});

test("what is too long is cut at a whole character, and what is no web address is left out", () => {
  const [entry] = readFeed(
    rss(
      `<title>${"x".repeat(298)}😀😀</title><link>javascript:alert(1)</link><description>${"y ".repeat(600)}</description>`,
    ),
    ADDRESS,
  );
  expect(entry?.item.title).toBe(`${"x".repeat(298)}…`);
  expect(entry?.item.summary.length).toBeLessThanOrEqual(500);
  expect(entry?.item).not.toHaveProperty("url");
});

test.each([
  ["nothing", ""],
  ["a page", "<html><body>Not found</body></html>"],
  ["entities of its own", `<!DOCTYPE x [<!ENTITY a "ha">]>${rss("<title>&a;</title>")}`],
])("%s is no feed", (_, text) => {
  expect(() => readFeed(text, ADDRESS)).toThrow();
});

test("items that say nothing are left out, and a source without a name has that of its host", () => {
  const text = "<rss version='2.0'><channel><item><guid>1</guid></item><item><title>a</title></item></channel></rss>";
  expect(readFeed(text, ADDRESS).map(({ item }) => [item.source, item.title])).toEqual([["news.example", "a"]]);
});
