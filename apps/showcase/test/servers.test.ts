/** What servers of use cases keep, as whoever asks them over HTTP sees it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { createFeed } from "../feed/server.ts";
import { createNotifications } from "../notifications/server.ts";
import type { UseCase } from "../server/use-case.ts";

const DAY_MS = 24 * 60 * 60_000;

function open(useCase: UseCase): UseCase {
  onTestFinished(async () => {
    await useCase.close?.();
    await useCase.ew.close();
  });
  return useCase;
}

const ask = (useCase: UseCase, path: string, init?: RequestInit) =>
  useCase.ew.fetch(new Request(`http://localhost/eitherway${path}`, init));

test("a notification that is sent again under its key is the same for as long as the inbox keeps it", async () => {
  const useCase = open(createNotifications(undefined));
  const { token } = await new Promise<{ readonly token: string }>((resolve) => {
    const request = Object.assign(Readable.from([Buffer.from('{"name":"ana"}')]), {
      ...{ url: "/notifications/login", method: "POST", headers: {} },
    });
    const response = { writeHead: () => response, end: (text: string) => resolve(JSON.parse(text)) };
    useCase.handle?.(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  const hello = { t: "hello", v: 1, client: "c", token, channels: {}, wait: 0 };
  const answer = await ask(useCase, "/poll", { method: "POST", body: JSON.stringify(hello) });
  expect(JSON.parse(await answer.text())).toMatchObject({ t: "welcome", keyWindow: 7 * DAY_MS });
});

test("an entry that is found again with another date is stored once, and the source is read on", async () => {
  vi.spyOn(console, "warn");
  let found = 0;
  vi.stubGlobal("fetch", async () => {
    const date = new Date(DAY_MS * ++found).toUTCString();
    const item = `<item><guid>1</guid><title>Tide</title><pubDate>${date}</pubDate></item>`;
    const own = `<item><guid>own ${found}</guid><title>${found}</title></item>`;
    return new Response(`<rss version="2.0"><channel><title>Harbour</title>${own}${item}</channel></rss>`);
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const address = "https://news.example/feed.xml";
  const useCase = open(createFeed({ sources: [address, address] }));
  const titles = async (): Promise<readonly string[]> => {
    const answer = await ask(useCase, "/channels/news");
    const { messages } = (await answer.json()) as { readonly messages: readonly { data: { title: string } }[] };
    return messages.map(({ data }) => data.title);
  };
  await vi.waitFor(async () => expect((await titles()).toSorted()).toEqual(["1", "2", "Tide"]));
  expect(console.warn).not.toHaveBeenCalled();
});
