import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type SocketEvents, type UpgradedSocket } from "../../src/core/index.ts";
import type { EitherwayError } from "../../src/protocol/index.ts";
import { createFakeClock, createMemorySocket, type MemoryPeerOptions } from "../../src/testing/index.ts";
import { createServerFrameReader } from "../../src/testing/server-frame-reader.ts";
import { webSocketFrame } from "../../src/transports/websocket-frame.ts";

const TEXT = 1;
const BINARY = 2;

describe("a memory socket", () => {
  test("is offered, accepted and closed with number and reason", async () => {
    const { clock, client, socket, events } = open();
    expect([client.protocol, socket.protocol, client.closed]).toEqual(["b", "b", undefined]);
    socket.close(4000, "drain");
    expect(client.closed).toEqual({ number: 4000, reason: "drain" });
    expect(events.news).toEqual([]);
    await clock.settle();
    socket.close(4001, "again");
    await clock.settle();
    expect([client.closed, events.news, clock.pending]).toEqual([{ number: 4000, reason: "drain" }, ["closed"], 0]);
  });

  test("refuses with an answer, and a second answer is a defect", () => {
    const client = createMemorySocket({ protocols: ["a"] }, { clock: createFakeClock() });
    client.request.refuse({ status: 503, headers: {} });
    expect([client.refusal?.status, client.protocol]).toEqual([503, undefined]);
    expect(() => client.request.accept("a")).toThrow("answered twice");
  });

  test("hands messages over at the end of the turn, in order, of their kind", async () => {
    const { clock, client, events } = open();
    client.send("text");
    client.send(Uint8Array.of(1, 2));
    expect(events.messages).toEqual([]);
    await clock.settle();
    expect(events.messages).toEqual(["text", Uint8Array.of(1, 2)]);
  });

  test("keeps messages while the server does not read", async () => {
    const { clock, client, socket, events } = open();
    socket.setReading(false);
    client.send("a");
    client.send("b");
    await clock.settle();
    expect(events.messages).toEqual([]);
    socket.setReading(true);
    await clock.settle();
    expect(events.messages).toEqual(["a", "b"]);
  });

  test("a listener that stops reading inside a message gets no other one", async () => {
    const { clock, client, socket, events } = open();
    events.onMessage = () => socket.setReading(false);
    client.send("a");
    client.send("b");
    await clock.settle();
    expect(events.messages).toEqual(["a"]);
  });

  test("a message over the limit is a failure, and the last thing read", async () => {
    const { clock, client, events } = open({ limits: { ...DEFAULT_LIMITS, frameBytes: 3 } });
    client.send("abc");
    client.send("éé");
    client.send("x");
    await clock.settle();
    expect([events.messages, events.failures]).toEqual([["abc"], ["too-large"]]);
  });

  test("reads whole messages, however the window cuts them, and tells when it is drained", async () => {
    const { clock, client, socket, events } = open({
      windowBytes: 4,
      limits: { ...DEFAULT_LIMITS, linkBytes: 2 },
    });
    expect(socket.write(webSocketFrame(TEXT, bytes("hello")))).toBe(false);
    expect([client.read(), socket.pendingBytes]).toEqual([[], 3]);
    client.take(3);
    expect(client.read()).toEqual(["hello"]);
    await clock.settle();
    expect(events.news).toEqual(["drained"]);
  });

  test("a client that takes no close frame is dropped in the end", async () => {
    const { clock, client, socket, events } = open({ windowBytes: 0 });
    socket.write(webSocketFrame(TEXT, bytes("x")));
    socket.close(4002, "slow");
    clock.advance(4_999);
    expect(client.closed).toBeUndefined();
    clock.advance(1);
    await clock.settle();
    expect([client.closed, events.news]).toEqual([{ number: 1006, reason: "" }, ["closed"]]);
  });

  test("close by the client comes behind what it sent; a cut comes at once", async () => {
    const polite = open();
    polite.client.send("last words");
    polite.client.close();
    await polite.clock.settle();
    expect([polite.events.messages, polite.events.news]).toEqual([["last words"], ["closed"]]);
    expect(polite.client.closed?.number).toBe(1000);

    const rude = open();
    rude.client.send("lost words");
    rude.client.cut();
    rude.client.send("into nothing");
    await rude.clock.settle();
    expect([rude.events.messages, rude.events.news]).toEqual([[], ["closed"]]);
    expect(rude.client.closed?.number).toBe(1006);
  });
});

describe("the reader of server frames", () => {
  test("gives back every message, at any cut", () => {
    const message = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
        (all, cuts) => {
          const parts = all.map((one) =>
            typeof one === "string" ? webSocketFrame(TEXT, bytes(one)) : webSocketFrame(BINARY, one),
          );
          const wire = Uint8Array.from(parts.flatMap((part) => [...part]));
          const reader = createServerFrameReader();
          const read: (string | Uint8Array)[] = [];
          for (let at = 0; at < wire.length; ) {
            const size = cuts.next().value;
            read.push(...reader.feed(wire.subarray(at, at + size)));
            at += size;
          }
          expect(read).toEqual(all);
        },
      ),
    );
  });

  test.each([125, 126, 65_535, 65_536])("reads a message of %i bytes", (length) => {
    const reader = createServerFrameReader();
    const frame = webSocketFrame(BINARY, new Uint8Array(length).fill(7));
    expect(reader.feed(frame.subarray(0, 9))).toEqual([]);
    expect(reader.feed(frame.subarray(9))).toEqual([new Uint8Array(length).fill(7)]);
  });

  test("throws for what a server must not write", () => {
    expect(() => createServerFrameReader().feed(Uint8Array.of(0x01, 0x00))).toThrow("0x1");
    expect(() => createServerFrameReader().feed(Uint8Array.of(0x81, 0x80))).toThrow("masked");
  });
});

function open(options: Partial<MemoryPeerOptions> = {}) {
  const clock = createFakeClock();
  const client = createMemorySocket({ protocols: ["a", "b"] }, { clock, ...options });
  const socket: UpgradedSocket = client.request.accept("b");
  const events = listener();
  socket.listen(events);
  return { clock, client, socket, events };
}

function listener() {
  const recorder = {
    messages: [] as (string | Uint8Array)[],
    failures: [] as string[],
    news: [] as string[],
    onMessage() {},
    message(message: string | Uint8Array) {
      recorder.messages.push(message);
      recorder.onMessage();
    },
    failed: (error: EitherwayError) => recorder.failures.push(error.code),
    drained: () => recorder.news.push("drained"),
    closed: () => recorder.news.push("closed"),
  };
  return recorder satisfies SocketEvents;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
