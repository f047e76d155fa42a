/** A feed on a server of its own: what it says is the test's, and it answers conditional requests as real ones do. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface FeedSource {
  readonly address: string;
  /** How often it was asked, and answered so. */
  readonly answers: { readonly 200: number; readonly 304: number };
  /** Entries by their ids, oldest first: adds them, or changes their titles. */
  write(entries: Readonly<Record<string, string>>): void;
}

/** It ends with the test. */
export async function startFeedSource(): Promise<FeedSource> {
  const entries = new Map<string, string>();
  const answers = { 200: 0, 304: 0 };
  let version = 0;

  const server = createServer(({ headers }, response) => {
    const etag = `"${version}"`;
    if (headers["if-none-match"] === etag) {
      answers[304]++;
      response.writeHead(304, { etag }).end();
      return;
    }
    answers[200]++;
    response.writeHead(200, { etag, "content-type": "application/rss+xml" }).end(rss([...entries].reverse()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });

  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed.xml`,
    answers,
    write(more) {
      version++;
      for (const [id, title] of Object.entries(more)) entries.set(id, title);
    },
  };
}

function rss(entries: readonly (readonly [id: string, title: string])[]): string {
  const items = entries.map(([id, title]) => `<item><guid>${id}</guid><title>${title}</title></item>`).join("");
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>Test news</title>${items}</channel></rss>`;
}
