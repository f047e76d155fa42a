import { describe, expect, test } from "vitest";
import { decodeText } from "../../src/node/upgraded-socket.ts";
import type { EitherwayError } from "../../src/protocol/index.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import { createFrameReader, type FramePeer } from "../../src/transports/websocket-reader.ts";
import { CASES, type Case, isRight, LIMIT } from "../support/websocket-cases.ts";
import {
  binary,
  close,
  createOurReader,
  createYardstick,
  every,
  feedCut,
  fragments,
  more,
  type NotingReader,
  ping,
  text,
  textSeen,
} from "../support/websocket-frames.ts";

/** Longer ones are cut at every byte only once, all at the same time; of the yardstick's, which is slow at that, not even then. */
const SHORT = 400;

/** One title, or seven hundred, would say no more than which section is not kept. */
const SECTIONS = [...new Set(CASES.map(({ title }) => title.split(" ")[0] as string))];

function complaints(create: (limit: number) => NotingReader, cases: readonly Case[]): string[] {
  const isYardstick = create === createYardstick;
  return cases.flatMap((one) => {
    const { bytes, title } = one;
    const isShort = bytes.length <= SHORT;
    const ways: [string, Iterable<number>][] = [
      ["whole", []],
      ["by 1,000 bytes", every(1000, bytes.length)],
    ];
    if (isShort || !isYardstick) ways.push(["byte by byte", every(1, bytes.length)]);
    if (isShort && !isYardstick) {
      for (let at = 1; at < bytes.length; at++) ways.push([`cut at ${at}`, [at]]);
    }
    for (const [way, cuts] of ways) {
      const reader = create(LIMIT);
      feedCut(reader, bytes, cuts);
      if (!isRight(one, reader.outcomes)) return [`${title}, ${way}: ${reader.outcomes.join("; ")}`];
    }
    return [];
  });
}

describe("RFC 6455, in memory, whole and cut at every byte", () => {
  test("titles of cases are unique, or one would hide another", () => {
    expect(new Set(CASES.map(({ title }) => title)).size).toBe(CASES.length);
  });

  for (const section of SECTIONS) {
    const cases = CASES.filter(({ title }) => title.startsWith(`${section} `));
    test(`section ${section}: ${cases.length} cases (P12)`, () => {
      expect(complaints(createOurReader, cases)).toEqual([]);
    });
    test(`section ${section}: the yardstick agrees`, () => {
      expect(complaints(createYardstick, cases)).toEqual([]);
    });
  }

  test("section 7.4: of all numbers exactly those may close that the table allows (P12)", () => {
    for (const create of [createOurReader, createYardstick]) {
      const allowed: number[] = [];
      for (let number = 0; number <= 5_100; number++) {
        const reader = create(LIMIT);
        reader.feed(close(number));
        if (reader.outcomes[0] === `close ${number} `) allowed.push(number);
        else expect(reader.outcomes).toEqual(["failed bad-frame"]);
      }
      const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
      expect(allowed).toEqual([...registered, ...Array.from({ length: 2_000 }, (_, i) => 3_000 + i)]);
    }
  });

  test("hundreds of frames in one chunk are told one by one, in order", () => {
    const reader = createOurReader(LIMIT);
    const count = 500;
    reader.feed(Buffer.concat(Array.from({ length: count }, (_, i) => text(`message ${i}`))));
    expect(reader.outcomes).toEqual(Array.from({ length: count }, (_, i) => textSeen(`message ${i}`)));
  });
});

describe("memory", () => {
  test("a link on which nothing is cut holds nothing (P6)", () => {
    const reader = createOurReader(LIMIT);
    const frames = [
      text("whole"),
      ping("p"),
      ...fragments(0x1, ["a", "b"]),
      text("x".repeat(LIMIT)),
      binary(""),
      ping(),
    ];
    for (const size of [1, 7, LIMIT * 2]) {
      const bytes = Buffer.concat(frames);
      feedCut(reader, bytes, every(size, bytes.length));
      expect(reader.peer.unfinished).toBeUndefined();
    }
  });

  test("a header costs the same whatever it says (P6)", () => {
    const held = [10n, BigInt(LIMIT)].map((says) => {
      const reader = createOurReader(LIMIT);
      reader.feed(binary("", { says }));
      reader.feed(Buffer.of(1));
      return reader.held;
    });
    expect(held[1]).toBe(held[0]);
  });

  test("what is held is at most twice what came, and never over the limit (P6)", () => {
    const reader = createOurReader(LIMIT);
    const constant = 200;
    let came = 0;
    for (const chunk of [
      binary("x", { final: false }),
      ...Array.from({ length: 60_000 }, () => more("y", { final: false })),
    ]) {
      reader.feed(chunk);
      came++;
      if ((reader.held ?? 0) > Math.min(2 * came, LIMIT) + constant) expect(reader.held).toBe(came);
    }
    for (let i = 0; i < 10_000; i++) reader.feed(more("", { final: false }));
    expect(reader.held).toBeLessThanOrEqual(LIMIT + constant);
    expect(reader.outcomes).toEqual([]);
  });
});

describe("messages that are not whole, of all links together", () => {
  const MOST = 6 * LIMIT;
  const UNFINISHED = text("x".repeat(LIMIT), { final: false });

  function links(count: number) {
    const all = createUnfinishedMessages<FramePeer>(MOST);
    return { all, readers: Array.from({ length: count }, () => createOurReader(LIMIT, all)) };
  }

  test("are bounded: the one that was begun first makes room, and its link is told to come back (P6, P7)", () => {
    const { all, readers } = links(8);
    for (const reader of readers) {
      reader.feed(UNFINISHED);
      expect(all.held).toBeLessThanOrEqual(MOST);
    }
    const gone = "failed unavailable";
    expect(readers.map(({ outcomes }) => outcomes[0] ?? "held")).toEqual([gone, gone, ...Array(6).fill("held")]);
    for (const reader of readers.slice(2)) reader.feed(more(""));
    expect(readers.slice(2).map(({ outcomes }) => outcomes)).toEqual(Array(6).fill([textSeen("x".repeat(LIMIT))]));
    expect(all.held).toBe(0);
    for (const reader of readers.slice(0, 2)) reader.feed(UNFINISHED); // not read any more
    expect(all.held).toBe(0);
  });

  test("of usual size are never given up, nor is one that ends in time, however many others hold all there is (P7)", () => {
    const { readers, all } = links(7);
    const [behaving, ...hostile] = readers;
    behaving?.feed(text("hello, ", { final: false }));
    for (const reader of hostile) reader.feed(UNFINISHED);
    expect(all.held).toBe(MOST);
    behaving?.feed(more("world"));
    behaving?.feed(text("y".repeat(LIMIT), { final: false }));
    behaving?.feed(more(""));
    expect(behaving?.outcomes).toEqual([textSeen("hello, world"), textSeen("y".repeat(LIMIT))]);
    expect(hostile.map(({ outcomes }) => outcomes.length)).toEqual([1, 0, 0, 0, 0, 0]);
  });

  test("leave nothing behind, whichever way a link ends (P6)", () => {
    const { readers, all } = links(3);
    const [closing, failing, whole] = readers;
    for (const reader of readers) reader.feed(UNFINISHED);
    closing?.feed(close(1000));
    failing?.feed(text("a message inside a message"));
    whole?.feed(more(""));
    expect(all.held).toBe(0);
  });
});

test("a peer that stops reading gets the rest of the chunk back, untouched, behind the message at hand", () => {
  const seen: unknown[] = [];
  const peer = {
    unfinished: undefined,
    reading: true,
    message(data: string | Uint8Array) {
      seen.push(data);
      peer.reading = data !== "2.";
    },
    ping: () => {},
    closing: (number: number) => seen.push(number),
    failed: (error: EitherwayError) => seen.push(error.code),
  };
  const read = createFrameReader({ limit: LIMIT, unfinished: createUnfinishedMessages(), decodeText });
  const rest = Buffer.concat([text("3"), close(1000)]);
  const chunk = Buffer.concat([text("1"), ...fragments(0x1, ["2", "."]), rest]);
  const left = chunk.subarray(read(chunk, peer));
  expect(seen).toEqual(["1", "2."]);
  expect(left).toEqual(rest);
  expect(read(left, peer)).toBe(0);
  peer.reading = true;
  expect(read(left, peer)).toBe(rest.length);
  expect(seen).toEqual(["1", "2.", "3", 1000]);
});
