/** The doors behind `fetch`, in process: what a host that speaks `Request` and `Response` gets. */
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { eitherway, type FetchEitherwayOptions } from "../../src/fetch/index.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const ORIGIN = "http://localhost";
const quiet = witnessed();

function open(options: FetchEitherwayOptions = {}) {
  const ew = eitherway({ logger: quiet, ...options });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    ew.fetch(new Request(`${ORIGIN}/eitherway${path}`, init));
  return { ew, ask };
}

/** Reads a body piece by piece until it has this text. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> {
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: true });
    if (text.includes(wanted)) return text;
    if (done) throw new Error(`the body ended without ${wanted}: ${text}`);
  }
}

async function openEvents(ask: ReturnType<typeof open>["ask"], init?: RequestInit) {
  const response = await ask("/events?channel=a&after=start", init);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  return { response, reader };
}

test("publishes, reads history and streams events", async () => {
  const { ew, ask } = open();
  const body = '{"text":"hi"}';
  const published = await ask("/channels/a", { method: "POST", body, headers: { "content-type": "application/json" } });
  const { id } = (await published.json()) as { id: string };
  expect([published.status, await (await ask("/channels/a")).json()]).toMatchObject([201, { messages: [{ id }] }]);
  const { response, reader } = await openEvents(ask);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  expect(await readUntil(reader, body)).toContain(`id: ${id}`);
  await ew.publish("a", { text: "yo" });
  expect(await readUntil(reader, '"yo"')).toContain("data: "); // quoted: an epoch may have these letters
});

test("a reader that goes away ends its link, by cancelling the body or by the request's signal", async () => {
  const { ew, ask } = open();
  const abort = new AbortController();
  const one = await openEvents(ask);
  const two = await openEvents(ask, { signal: abort.signal });
  await Promise.all([one.reader.read(), two.reader.read()]);
  expect(ew.stats().links).toBe(2);
  await one.reader.cancel();
  expect(ew.stats().links).toBe(1);
  abort.abort();
  expect(ew.stats().links).toBe(0);
  while (!(await two.reader.read()).done); // its end is no error: a host would print one for every page that is closed
});

test("a reader that does not read is not written to beyond its limit, and goes on from its cursor (P6, P7)", async () => {
  const { ew, ask } = open({ limits: { linkBytes: "4kb" } });
  const { reader } = await openEvents(ask);
  await readUntil(reader, ":");
  for (let n = 0; n < 100; n++) {
    await ew.publish("a", "x".repeat(1000));
    await setImmediate(); // each turn flushes what was published in it
  }
  await ew.publish("a", "the last");
  expect(ew.stats()).toMatchObject({ subscriptions: { lagging: 1 }, counters: { "links.filled": 1 } });
  const text = await readUntil(reader, "the last");
  expect(text.split("data: ").length - 1).toBe(101);
});

describe("refuses as every door does (P12)", () => {
  test.each([
    ["a path that is not ours", "/other", {}, 404],
    ["a handshake, since there are no sockets here", "", { headers: { upgrade: "websocket" } }, 426],
    ["another method", "/events", { method: "DELETE" }, 405],
    ["another host", "/channels/a", { headers: { host: "evil.example" } }, 403],
    ["another origin", "/channels/a", { method: "POST", headers: { origin: "http://evil.example" } }, 403],
    ["a body that is too large", "/channels/a", { method: "POST", body: "x".repeat(70_000) }, 413],
  ])("%s", async (_, path, init, status) => {
    const { ask } = open();
    const response = await ask(path, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: expect.stringMatching(/./) } });
  });

  test("a path outside the base path", async () => {
    const { ew } = open();
    expect((await ew.fetch(new Request(`${ORIGIN}/elsewhere`))).status).toBe(404);
  });

  test("a body without a length that is too large, and one that breaks", async () => {
    const { ask } = open();
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) });
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    for (const [body, status] of [
      [endless, 413],
      [broken, 410],
    ] as const) {
      const init = { method: "POST", body, duplex: "half", headers: { "content-type": "text/plain" } } as RequestInit;
      expect((await ask("/channels/a", init)).status).toBe(status);
    }
  });
});

test("a body that the application has read before is answered with a sentence that says so", async () => {
  const { ew } = open();
  const headers = { "content-type": "application/json" };
  const request = new Request(`${ORIGIN}/eitherway/channels/a`, { method: "POST", body: "{}", headers });
  await request.json();
  const response = await ew.fetch(request);
  expect([response.status, await response.json()]).toMatchObject([
    500,
    { error: { code: "internal", message: expect.stringContaining("has read the body of this request before") } },
  ]);
});

test("close says goodbye on every stream", async () => {
  const { ew, ask } = open();
  const { reader } = await openEvents(ask);
  await readUntil(reader, ":");
  const closing = ew.close();
  expect(await readUntil(reader, "event: bye")).toContain("drain");
  await closing;
  expect((await ask("/channels/a")).status).toBe(503);
});
