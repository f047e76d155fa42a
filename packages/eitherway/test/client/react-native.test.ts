/** What the client is under React Native: streams by XMLHttpRequest, wake-ups by AppState, and an id without `crypto`. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type AppState, createClient } from "../../src/client/index.react-native.ts";
import { MOST_TEXT, sseXhrTransport } from "../../src/client/transports/sse-xhr.ts";
import { jsonServerCodec, type LiveFrame, type ServerFrame } from "../../src/protocol/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { NativeUrl } from "../support/native-url.ts";
import { createFakeClient, FakeSocket } from "./fake-network.ts";
import { type FakeXhr, stubXhr } from "./fake-xhr.ts";
import { idOf, WELCOME } from "./support.ts";

let requests: FakeXhr[];
beforeEach(() => {
  requests = stubXhr();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const live = (channel: string, seq = 1): LiveFrame => ({ t: "live", channel, id: idOf(seq) });
const eventOf = (frame: ServerFrame): string => `data: ${new TextDecoder().decode(jsonServerCodec.frame(frame))}\n\n`;
/** A comment that makes a stream so long. */
const padding = (length: number): string => `:${"x".repeat(length - 3)}\n\n`;

describe("sse by XMLHttpRequest", () => {
  function open(options: Parameters<typeof createFakeClient>[0] = {}) {
    const client = createFakeClient(options);
    client.channels = new Map([["a", "now"]]);
    const link = sseXhrTransport.open(client.to, client.events);
    return { client, link };
  }

  test("posts the hello as text and reads frames while they come, however they are cut", () => {
    const { client } = open();
    const [request] = requests;
    expect(request).toMatchObject({ method: "POST", url: "http://server/eitherway/stream" });
    expect(request?.sent).toEqual({ "content-type": "text/plain;charset=UTF-8" });
    expect(JSON.parse(request?.body ?? "")).toMatchObject({ t: "hello", channels: { a: "now" } });
    request?.streams();
    request?.text(`retry: 1\n: hi\n\n${eventOf(WELCOME)}data: {"t":"li`);
    expect(client.log).toEqual(["welcome"]);
    request?.text(`ve","c":"a","i":"${idOf(1)}"}\n\n`);
    expect([client.log, client.alive]).toEqual([["welcome", "live a"], 2]);
  });

  test("needs no TextDecoder", () => {
    vi.stubGlobal("TextDecoder", undefined);
    const { client } = open();
    requests[0]?.streams();
    requests[0]?.text(`data: {"t":"ping"}\n\n`);
    expect(client.log).toEqual(["ping"]);
  });

  test.each([
    ["break-first" as const, true],
    ["make-first" as const, false],
  ])("gives way to a fresh stream before its text weighs, %s, once (P2, P6)", async (streamChange, cutFirst) => {
    const { client } = open({ streamChange });
    requests[0]?.streams();
    requests[0]?.text(eventOf(WELCOME));
    requests[0]?.text(padding(MOST_TEXT));
    client.channels.set("a", idOf(7));
    requests[0]?.text(eventOf(live("a", 7)));
    client.clock.advance(1_000);
    expect(requests.map(({ aborted }) => aborted)).toEqual([cutFirst, false]);
    expect(JSON.parse(requests[1]?.body ?? "").channels).toEqual({ a: idOf(7) });
    requests[1]?.streams();
    requests[1]?.text(eventOf(WELCOME));
    await client.clock.settle();
    client.clock.advance(1_000);
    expect(requests.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(client.log).toEqual(["welcome", "live a", "welcome"]);
  });

  test.each([
    [503, { "retry-after": "7" }, '{"error":{"code":"drain","message":"Bye."}}', "ended drain after 7000"],
    [403, {}, '{"error":{"code":"origin-refused","message":"No."}}', "ended origin-refused"],
    [502, {}, "<html>", "ended http://server/eitherway/stream answered 502"],
    [200, { "content-type": "text/html" }, "<html>", "ended a stream was asked for, text/html came"],
    [200, {}, "", "ended a stream was asked for, null came"],
    [204, {}, "", "ended a stream was asked for, null came"],
  ])("knows what an answer of %d means", async (status, headers, body, expected) => {
    const { client } = open();
    requests[0]?.answers(status, headers);
    if (body) requests[0]?.text(body);
    if (requests[0]?.readyState !== 4) requests[0]?.ends();
    await client.clock.settle();
    expect(client.log).toEqual([expected]);
  });

  test("takes an error for what it is, and not for the end of the text (P2)", async () => {
    const { client } = open();
    requests[0]?.streams();
    requests[0]?.text(eventOf(WELCOME));
    const longerThanWhatCame = "the network connection was lost, ".repeat(100);
    requests[0]?.breaks(`${longerThanWhatCame}\n\ndata: {"t":"ping"}\n\n`);
    await client.clock.settle();
    expect(client.log).toEqual(["welcome", "ended the request for a stream failed"]);
  });

  test("ends once: at the end of the stream, at rubbish, and at what is refused here", async () => {
    for (const [act, expected] of [
      [(request?: FakeXhr) => request?.ends(), "ended the stream ended"],
      [(request?: FakeXhr) => request?.text("data: <html>\n\n"), /^ended what came is no frame/],
      [(request?: FakeXhr) => request?.text(`data: ${"x".repeat(17 * 1024 * 1024)}`), /^ended An event of the stream/],
    ] as const) {
      const { client } = open();
      requests.at(-1)?.streams();
      act(requests.at(-1));
      await client.clock.settle();
      expect(client.log).toHaveLength(1);
      expect(client.log[0]).toMatch(expected);
    }
    const client = createFakeClient();
    vi.spyOn(FakeXhrPrototype(), "send").mockImplementationOnce(() => {
      throw new Error("no network here");
    });
    sseXhrTransport.open(client.to, client.events);
    await client.clock.settle();
    expect(client.log).toEqual(["ended no network here"]);
  });

  test("says nothing after it was closed, and leaves no request open", async () => {
    const { client, link } = open();
    requests[0]?.streams();
    link.close();
    await client.clock.settle();
    expect([client.log, requests[0]?.aborted, client.clock.pending]).toEqual([[], true, 0]);
  });

  test("is not supported where there is none", () => {
    vi.stubGlobal("XMLHttpRequest", undefined);
    expect(sseXhrTransport.supported()).toBe(false);
  });

  const FakeXhrPrototype = (): FakeXhr => Object.getPrototypeOf(requests[0]);
});

describe("the platform", () => {
  test("AppState wakes the client when the application comes to the front, and is left alone after close()", async () => {
    vi.stubGlobal("WebSocket", FakeSocket);
    FakeSocket.made.length = 0;
    const listeners = new Set<(state: string) => void>();
    const appState: AppState = {
      addEventListener(_type, listener) {
        listeners.add(listener);
        return { remove: () => listeners.delete(listener) };
      },
    };
    const clock = createFakeClock();
    const client = createClient({ url: "http://server/eitherway", transport: "websocket", appState, clock });
    onTestFinished(() => client.close());
    client.channel("a").on("message", () => {});
    await clock.settle();
    FakeSocket.made[0]?.onclose?.({ code: 1006, reason: "" });
    await clock.settle();
    expect(client.status.state).toBe("waiting");
    for (const tell of listeners) tell("background");
    expect(client.status.state).toBe("waiting");
    for (const tell of listeners) tell("active");
    expect(client.status.state).toBe("connecting");
    await client.close();
    expect(listeners.size).toBe(0);
  });

  test("an id is made without crypto, and two differ", () => {
    vi.stubGlobal("crypto", undefined);
    const ids = [1, 2].map(() => createClient({ url: "http://server/eitherway" }).id);
    expect(ids[0]).toMatch(/^[0-9a-f]{24}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test("a URL that cannot tell its parts is enough", async () => {
    vi.stubGlobal("URL", NativeUrl);
    const clock = createFakeClock();
    const client = createClient({ url: "wss://example.org:8443/eitherway", transport: "sse", clock });
    client.channel("a").on("message", () => {});
    await clock.settle();
    expect(requests[0]?.url).toBe("https://example.org:8443/eitherway/stream");
    await client.close();
  });
});
