/** A page that reads a channel of a server of its own, as a test sees it. */
import type { Page } from "puppeteer-core";
import { expect, onTestFinished, vi } from "vitest";
import type { Dialect } from "../../src/testing/index.ts";
import type { OwnServer, PageServer } from "./page-server.ts";
import type { Reader } from "./pages/reader.ts";

export interface ReaderPage {
  readonly page: Page;
  readonly server: OwnServer;
  read(): Promise<Reader>;
  /** Resolves once the reader is like that; looks again and again, also while the page is on its way. */
  becomes(expected: Partial<Reader>): Promise<void>;
  /** Publishes `count` numbers that go on where the last call ended. */
  publish(count: number): Promise<void>;
  /** Resolves when the server has no link any more. */
  left(): Promise<void>;
}

const WAIT = { timeout: 30_000, interval: 20 }; // a busy machine

/** It is live when this resolves, and gone when the test is. */
export async function openReader(
  openPage: (address: string) => Promise<Page>,
  pages: PageServer,
  { name, transport }: Dialect,
  parameters: Readonly<Record<string, string>> = {},
): Promise<ReaderPage> {
  const server = pages.start();
  onTestFinished(() => server.close());
  const binary = name.includes("binary") && { binary: "" };
  const own = { server: String(server.number), transport, ...binary, ...parameters };
  const page = await openPage(pages.address("reader", own));
  onTestFinished(() => page.close());
  const read = (): Promise<Reader> => page.evaluate(() => globalThis.read());
  const becomes = (expected: Partial<Reader>): Promise<void> =>
    vi.waitFor(async () => expect(await read()).toMatchObject(expected), WAIT);
  await becomes({ isLive: true });
  let published = 0;
  return {
    page,
    server,
    read,
    becomes,
    async publish(count) {
      for (let n = 0; n < count; n++) await server.running.publish("room", published++);
    },
    left: () => vi.waitFor(() => expect(server.running.stats().links).toBe(0), WAIT),
  };
}

export function countTo(count: number): number[] {
  return [...new Array(count).keys()];
}
