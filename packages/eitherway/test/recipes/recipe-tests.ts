/** What every recipe has to do. */
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/index.node.ts";
import { collect } from "../../src/testing/collected.ts";
import { DIALECTS, transportSuite } from "../../src/testing/index.ts";
import { openRawLink } from "../../src/testing/raw-link.ts";
import { ROOT } from "../readme/support.ts";
import { type Example, type ExampleServer, startExample } from "./example.ts";

const MOST_LINES = 100;
const ENDED_BY_SIGTERM = 143; // as Next.js says it; the others end by themselves

/** What a host between the transports and the wire can spoil: bodies in both directions, streams, cuts, its own end. */
const TELLING = /payloads of every kind go out|a client that reconnects|server restart/;

/** How one framing gets through a host, the other does as well. */
const JSON_DIALECTS = DIALECTS.filter(({ name }) => name !== "websocket binary");

/** @param sockets whether there are WebSockets: a host that is reached by `fetch` alone has none */
export function testRecipe(name: string, sockets: boolean, bring: () => Promise<Example>): void {
  const start = async (): Promise<ExampleServer> => startExample(await bring());
  const dialects = JSON_DIALECTS.filter(({ transport }) => sockets || transport !== "websocket");
  const best = sockets ? "websocket" : "sse";

  transportSuite({
    start,
    dialects,
    test(title, run) {
      if (TELLING.test(title)) test(title, run);
    },
  });

  test(`a client that chooses by itself takes ${best}, and hears what a route of the application publishes`, async () => {
    const server = await start();
    onTestFinished(() => server.close());
    const client = createClient({ url: server.url });
    onTestFinished(() => client.close());
    const orders = collect(client.channel("orders"));
    await orders.live();
    const answer = await fetch(`${server.origin}/orders`, { method: "POST" });
    expect(answer.status).toBe(201);
    await orders.messages(1);
    expect(orders.metas[0]?.id).toBe(((await answer.json()) as { id: string }).id);
    expect(client.status.transport).toBe(best);
    expect(await (await fetch(server.origin)).text()).toBe("Your application answers here.\n");
  });

  test("answers every method of a door", async () => {
    const server = await start();
    onTestFinished(() => server.close());
    const answers = await Promise.all(
      ["GET", "HEAD", "POST", "DELETE", "OPTIONS"].map(async (method) => {
        const headers = { "eitherway-client": "a-program-without-a-link", "content-type": "application/json" };
        const body = method === "POST" ? "{}" : null;
        const { status } = await fetch(`${server.url}/channels/a/@presence`, { method, headers, body });
        return [method, status];
      }),
    );
    expect(Object.fromEntries(answers)).toEqual({ GET: 200, HEAD: 200, POST: 204, DELETE: 204, OPTIONS: 204 });
  });

  for (const dialect of dialects.filter(({ transport }) => transport !== "poll")) {
    // A poll may be between two requests in that moment, and then hears of it by the next.
    test(`${dialect.name}: told to end, it says bye to its clients, ends, and has complained about nothing (P10)`, async () => {
      const server = await start();
      await comeAndGo(server.url);
      const link = openRawLink(server.url, dialect, { channels: { a: "now" } });
      onTestFinished(() => link.close());
      await link.next("live");
      const [bye, ended] = await Promise.all([link.next("bye"), server.end()]);
      expect(bye).toMatchObject({ code: "drain" });
      expect(ended.code).toBeOneOf([0, ENDED_BY_SIGTERM]);
      const lines = ended.errors.split("\n").filter((line) => line !== "");
      expect(lines).toEqual([expect.stringMatching(/^\{"level":"info",.*"event":"closed","audit":true,"links":1\}$/)]);
    });
  }

  test(`is at most ${MOST_LINES} lines long`, async () => {
    const folder = join(ROOT, "examples", name);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name));
    const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), "utf8")));
    const lines = texts.join("").split("\n").length;
    expect(texts.length).toBeGreaterThan(0);
    expect(lines).toBeLessThanOrEqual(MOST_LINES);
  });
}

/** A page that is closed again. Not by `fetch`, which would open a connection in advance that holds a server up as it ends. */
async function comeAndGo(url: string): Promise<void> {
  const request = get(`${url}/events?channel=a`, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await once(response, "data");
  response.destroy();
}
