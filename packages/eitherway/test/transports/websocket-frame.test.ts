import type { Writable } from "node:stream";
import { expect, test } from "vitest";
import * as ws from "ws";
import { jsonServerCodec } from "../../src/protocol/index.ts";
import {
  BINARY_OPCODE,
  createWebSocketFraming,
  createWebSocketTextFraming,
  TEXT_OPCODE,
  webSocketFrame,
} from "../../src/transports/websocket-frame.ts";

// The reader of `ws` is the oracle; its types do not list it.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** What a client's reader makes of bytes, given in pieces of `step`. */
function readAll(bytes: Uint8Array, step: number): [kind: "text" | "binary", data: string][] {
  const read: [kind: "text" | "binary", data: string][] = [];
  const receiver = new Receiver({ isServer: false });
  receiver.on("message", (data: Buffer, binary: boolean) =>
    read.push([binary ? "binary" : "text", data.toString("latin1")]),
  );
  receiver.on("error", (error) => {
    throw error;
  });
  for (let at = 0; at < bytes.length; at += step) receiver.write(Buffer.from(bytes.subarray(at, at + step)));
  return read;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

// Around both borders of the length field (RFC 6455 section 5.2).
for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
  test(`a frame of ${length} bytes is read back by an independent reader, whole and in pieces`, () => {
    const payload = Buffer.alloc(length, "grüße ");
    const binary = webSocketFrame(BINARY_OPCODE, payload);
    const text = webSocketFrame(TEXT_OPCODE, Buffer.alloc(length, "x"));
    const both = Buffer.concat([binary, text]);
    for (const step of [both.length, 1000]) {
      expect(readAll(both, step)).toEqual([
        ["binary", payload.toString("latin1")],
        ["text", "x".repeat(length)],
      ]);
    }
  });
}

test("a framing puts frames of the JSON codec into text messages, and keeps what it is given unchanged", () => {
  const framing = createWebSocketTextFraming(jsonServerCodec);
  const inner = jsonServerCodec.frame({ t: "ping" });
  expect(readAll(framing.frame({ t: "ping" }), 1)).toEqual([["text", latin1(inner)]]);
  const message = {
    seq: 1,
    at: 5,
    event: "message",
    from: undefined,
    payload: { kind: "text", data: "ü" },
    skipped: 0,
  };
  const run = { channel: "a", epoch: "000000000000", messages: [message] } as Parameters<typeof framing.run>[0];
  expect(readAll(framing.run(run), 3)).toEqual([["text", latin1(jsonServerCodec.run(run))]]);
});

test("any other codec is put into binary messages", () => {
  const framing = createWebSocketFraming({
    name: "binary",
    run: () => new Uint8Array(),
    frame: () => Buffer.from("x"),
  });
  expect(readAll(framing.frame({ t: "ping" }), 1)).toEqual([["binary", "x"]]);
});
