/** Calls of a contract over real connections: typed at both ends, validated where they come in and where they go out. */
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createClient, type TransportName } from "../../src/client/index.node.ts";
import { channel, contract } from "../../src/contract/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];

const app = contract({
  room: channel("room/:id", {
    events: { message: z.object({ text: z.string() }) },
    calls: {
      send: { in: z.object({ text: z.string().max(20) }), out: z.object({ id: z.string(), of: z.string() }) },
      book: { in: z.string(), errors: { "sold-out": z.object({ left: z.number() }) } },
      length: { in: z.string().transform((text) => text.length), out: z.number().transform((n) => `${n}!`) },
      odd: { in: z.string().refine(async (text) => text !== "odd", "is odd"), out: z.string() },
      stop: {},
      slow: { timeout: "300ms" },
      unhandled: {},
    },
  }),
  quiet: channel("quiet"),
});

async function open() {
  const log: string[] = [];
  const logger = witnessed({
    error: (event: string, fields?: unknown) => log.push(`${event} ${JSON.stringify(fields)}`),
  });
  const ew = eitherway(app, { logger });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const stopped: unknown[] = [];
  ew.channel("room", {
    calls: {
      async send({ input, params, publish }) {
        const { id } = await publish("message", input);
        return { id, of: params.id };
      },
      book: ({ input, fail }) => {
        if (input === "front") fail("sold-out", { left: 0 });
        if (input === "nowhere") fail("sold-out", { left: "none" } as unknown as { left: number });
        if (input === "roof") throw new Error("hunter2");
      },
      length: ({ input }) => input,
      odd: ({ input }) => (input === "wrong" ? (42 as unknown as string) : input),
      stop() {},
      slow: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            stopped.push(signal.reason);
            reject(signal.reason);
          });
        }),
    },
  });
  const { url } = await ew.listen({ port: 0 });
  return { ew, url, log, stopped };
}

function connect(url: string, transport: TransportName) {
  const client = createClient(app, { url, transport });
  onTestFinished(() => client.close());
  return client;
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a call is answered, and what its handler publishes is in the log (P4, P5)", async () => {
    const { url } = await open();
    const room = connect(url, transport).channel("room", { id: "42" }, { from: "start" });
    const heard = new Promise<unknown>((resolve) => room.on("message", (data, { id }) => resolve({ data, id })));
    const { id, of } = await room.call.send({ text: "hi" });
    expect(of).toBe("42");
    expect(await heard).toEqual({ data: { text: "hi" }, id });
    expect(await room.call.stop()).toBeUndefined();
  });

  test("schemas make of input and answer what they say, also asynchronous ones", async () => {
    const { url } = await open();
    const { call } = connect(url, transport).channel("room", { id: "42" });
    expect(await call.length("four")).toBe("4!");
    expect(await call.odd("even")).toBe("even");
  });

  test("an input that its schema refuses is invalid with the issues, and its handler is not started (P12)", async () => {
    const { ew, url } = await open();
    const { call } = connect(url, transport).channel("room", { id: "42" });
    const issues = [{ path: "text", message: expect.stringContaining("20") }];
    await expect(call.send({ text: "longer than twenty characters" })).rejects.toMatchObject({
      code: "invalid",
      details: { issues },
    });
    await expect(call.odd("odd")).rejects.toMatchObject({ details: { issues: [{ path: "", message: "is odd" }] } });
    expect(ew.stats().counters["messages.published"]).toBeUndefined();
  });

  test("an error of the contract comes with its name and data, any other is logged and tells nothing (P12)", async () => {
    const { url, log } = await open();
    const { call } = connect(url, transport).channel("room", { id: "42" });
    await call.book("back");
    await expect(call.book("front")).rejects.toMatchObject({
      code: "call-failed",
      details: { name: "sold-out", data: { left: 0 } },
    });
    expect(log).toEqual([]);
    const failures = await Promise.allSettled([call.book("roof"), call.book("nowhere"), call.odd("wrong")]);
    expect(failures.map((one) => one.status === "rejected" && [one.reason.code, one.reason.details])).toEqual(
      Array.from({ length: 3 }, () => ["call-failed", undefined]),
    );
    expect(JSON.stringify(failures)).not.toContain("hunter2");
    expect(log.map((line) => line.slice(0, 11))).toEqual(Array.from({ length: 3 }, () => "call failed"));
    expect(log.join()).not.toContain("hunter2"); // it may be somebody's payload: where it was thrown is what helps
    expect(log[0]).toContain("contract-calls.test.ts");
  });

  test("a call that takes too long is call-timeout, and its handler is told (P5)", async () => {
    const { url, log, stopped } = await open();
    const { call } = connect(url, transport).channel("room", { id: "42" });
    await expect(call.slow()).rejects.toMatchObject({ code: "call-timeout" });
    expect(stopped).toMatchObject([{ code: "call-timeout" }]);
    expect(log).toEqual([]);
  });

  test("a call without a handler is unknown-call, one of a channel that is none unknown-channel (P12)", async () => {
    const { url } = await open();
    const { call } = connect(url, transport).channel("room", { id: "42" });
    await expect(call.unhandled()).rejects.toMatchObject({ code: "unknown-call" });
  });
});

describe("ew.channel (P12)", () => {
  const ew = eitherway(app);

  test("refuses names that are not in the contract", () => {
    expect(() => ew.channel("rooms" as "room", {})).toThrow(expect.objectContaining({ code: "unknown-channel" }));
    const dance = { dance() {} } as object;
    expect(() => ew.channel("room", { calls: dance })).toThrow(
      'Channel "room" has no call "dance"; it has "send", "book", "length", "odd", "stop", "slow", "unhandled".',
    );
    expect(() => ew.channel("quiet", { calls: dance })).toThrow("it has none");
  });

  test("refuses a second handler, and what is no function", () => {
    ew.channel("room", { calls: { stop() {} } });
    ew.channel("room", { calls: { unhandled() {} } });
    expect(() => ew.channel("room", { calls: { stop() {} } })).toThrow("has a handler");
    const none = { slow: undefined } as object;
    expect(() => ew.channel("room", { calls: none })).toThrow("give a function");
  });

  test("refuses a timeout that is none", () => {
    const wrong = contract({ room: channel("room", { calls: { stop: { timeout: 0 }, go: { timeout: "soon" } } }) });
    expect(() => eitherway(wrong).channel("room", { calls: { stop() {} } })).toThrow("above 0");
    expect(() => eitherway(wrong).channel("room", { calls: { go() {} } })).toThrow('is "soon"');
  });
});
