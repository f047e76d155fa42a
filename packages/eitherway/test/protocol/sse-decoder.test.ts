import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSseDecoder } from "../../src/protocol/index.ts";
import { cut, decode, oracle, specified } from "./sse-support.ts";
import { codeOf, utf8 } from "./support.ts";

const event = (data: string, id = "", name = "message") => ({ event: name, data, id });

/** Streams that are made of what matters, in any order. */
const anyStream = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "data: a",
        "data:b",
        "data",
        "data:",
        "data:  c",
        "event: x",
        "event",
        "event:",
        "id: 1",
        "id",
        "id:",
        "id: a\0b",
      ),
      fc.constantFrom(
        "retry: 10",
        "retry: 1a",
        "retry:",
        "retry: -1",
        ": note",
        ":",
        "unknown: x",
        "Data: x",
        " data: x",
        "d",
        "\ufeff",
      ),
      fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\n\r", "ü€😀", "\u2028", "\ufeff", "\0"),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => utf8(parts.join("")));

const anyBytes = fc.uint8Array({ maxLength: 60 });

describe("the decoder", () => {
  test("reads any stream as the specification says", () => {
    fc.assert(
      fc.property(fc.oneof(anyStream, anyBytes), (bytes) => {
        expect(decode([bytes])).toEqual(specified(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("reads the same wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.oneof(anyStream, anyBytes), fc.array(fc.nat(), { maxLength: 20 }), (bytes, places) => {
        expect(decode(cut(bytes, places))).toEqual(specified(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("reads the same fed byte by byte, with nothing between the bytes", () => {
    fc.assert(
      fc.property(anyStream, (bytes) => {
        expect(decode(Array.from(bytes, (_, i) => bytes.slice(i, i + 1)))).toEqual(specified(bytes));
        expect(decode(Array.from(bytes).flatMap((byte) => [new Uint8Array(0), Uint8Array.of(byte)]))).toEqual(
          specified(bytes),
        );
      }),
    );
  });

  test("agrees with eventsource-parser on any stream", () => {
    fc.assert(
      fc.property(anyStream, (bytes) => {
        const whole = utf8(`${new TextDecoder().decode(bytes)}\n:\n`);
        const { events, retries } = oracle(whole);
        const ours = decode([whole]);
        expect(ours.events.map(({ event: name, data }) => [name, data])).toEqual(
          events.map(({ event: name, data }) => [name || "message", data]),
        );
        expect(ours.retries).toEqual(retries);
      }),
      { numRuns: 1000 },
    );
  });

  test("hands an event over with the byte that ends it, also when that is CR", () => {
    expect(decode(["data: a\r", "\r"]).events).toEqual([event("a")]);
    expect(decode(["data: a\r\n\r"]).events).toEqual([event("a")]);
    expect(decode(["data: a\r\n\r", "\ndata: b\n\n"]).events).toEqual([event("a"), event("b")]);
  });
});

describe("the checklist of the wire format", () => {
  test("F1: one byte order mark at the start is no content, also cut; any other is data", () => {
    const bytes = utf8("\ufeffdata: a\n\ndata: \ufeffb\n\n\ufeffdata: c\n\n");
    for (let place = 0; place <= bytes.length; place++) {
      expect(decode(cut(bytes, [place])).events).toEqual([event("a"), event("\ufeffb")]);
    }
    expect(decode(["\ufeff\ufeffdata: a\n\n"]).events).toEqual([]);
  });

  test("F2: LF, CR and CRLF end a line, also cut; U+2028, U+0085 and VT do not", () => {
    for (const end of ["\n", "\r", "\r\n"]) {
      const bytes = utf8(["event: x", "data: 1\u2028\u0085\v", "data: 2", "", ""].join(end));
      for (let place = 0; place <= bytes.length; place++) {
        expect(decode(cut(bytes, [place])).events).toEqual([event("1\u2028\u0085\v\n2", "", "x")]);
      }
    }
  });

  test("F3: an id with NUL is left alone", () => {
    expect(decode(["id: 1\nid: 2\0\ndata: a\n\n"]).events).toEqual([event("a", "1")]);
  });

  test("F4: id 0 counts, and an empty id clears the cursor", () => {
    const { events, lastEventId } = decode(["id: 0\ndata: a\n\ndata: b\n\nid:\ndata: c\n\nid: 1\n\nid\n\n"]);
    expect(events).toEqual([event("a", "0"), event("b", "0"), event("c")]);
    expect(lastEventId).toBe("");
  });

  test("F5: exactly one space after the colon is taken away", () => {
    expect(decode(["data:a\ndata: b\ndata:  c\ndata: \ndata\n\n"]).events).toEqual([event("a\nb\n c\n\n")]);
  });

  test("F6: retry is ASCII digits or left alone", () => {
    expect(decode(["retry: 10\nretry: 1.5\nretry: +1\nretry: 1e3\nretry:\nretry: \u0661\nretry:20\n"]).retries).toEqual(
      [10, 20],
    );
  });

  test("F7: a block without data dispatches nothing, and sets the id", () => {
    const { events, lastEventId } = decode(["event: x\nid: 7\n\ndata: a\n\n"]);
    expect([events, lastEventId]).toEqual([[event("a", "7")], "7"]);
    expect(decode(["data\n\n"]).events).toEqual([event("")]);
  });

  test("F8: an unterminated last block is not handed over and moves no cursor (P2)", () => {
    const stream = "id: 1\ndata: a\n\nid: 2\ndata: b\n";
    for (let end = 15; end <= stream.length; end++) {
      const { events, lastEventId } = decode([stream.slice(0, end)]);
      expect([events, lastEventId]).toEqual([[event("a", "1")], "1"]);
    }
    expect(decode([stream, "\n"])).toMatchObject({ events: [event("a", "1"), event("b", "2")], lastEventId: "2" });
  });
});

describe("limits", () => {
  test("a block over the limit is too-large, in one piece or many; what came before it is handed over (P6)", () => {
    for (const pieces of [["data: 1\n\ndata: 23456789\n\n"], [..."data: 1\n\ndata: 23456789\n\n"]]) {
      const seen: string[] = [];
      const run = () => decode(pieces, { maxEventLength: 12, onEvent: ({ data }) => seen.push(data) });
      expect(codeOf(run)).toBe("too-large");
      expect(seen).toEqual(["1"]);
    }
  });

  test("the limit counts each block by itself, and all of its lines", () => {
    const small = "data: 1\n\n".repeat(100);
    expect(decode([small], { maxEventLength: 9 }).events).toHaveLength(100);
    expect(codeOf(() => decode(["data\n".repeat(4)], { maxEventLength: 19 }))).toBe("too-large");
  });

  test("a line without end is too-large, not memory (P6)", () => {
    const piece = "x".repeat(1000);
    expect(codeOf(() => decode(Array<string>(11).fill(piece), { maxEventLength: 10_000 }))).toBe("too-large");
  });

  test("the bytes that were fed may be used again", () => {
    const seen: string[] = [];
    const decoder = createSseDecoder({ onEvent: ({ data }) => seen.push(data) });
    const bytes = Buffer.from("data: a"); // whose slice() is no copy
    decoder.feed(bytes);
    bytes.fill(0);
    decoder.feed(utf8("\n\n"));
    expect(seen).toEqual(["a"]);
  });
});
