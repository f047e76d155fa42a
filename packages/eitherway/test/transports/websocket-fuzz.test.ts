/**
 * Streams of valid frames with some bytes changed, added or removed. However they are cut, our reader has to make the same of them,
 * which has to be what the reader of `ws` makes of them, and has to hold no more than the limit meanwhile.
 *
 * `npm run test:long` changes 10 million bytes. A failure names its seed: EITHERWAY_FUZZ_SEED begins with it.
 */
import { expect, test } from "vitest";
import type { Random } from "../../src/core/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";
import { createTally, type Tally } from "../support/tally.ts";
import {
  createOurReader,
  createYardstick,
  every,
  feedCut,
  frame,
  type NotingReader,
  type Outcome,
} from "../support/websocket-frames.ts";

const MUTATED_BYTES = Number(process.env["EITHERWAY_FUZZ_BYTES"] ?? 200_000);
const FIRST_SEED = Number(process.env["EITHERWAY_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

const LIMIT = 2_000;
/** Beside the payload: a cut header or control frame. */
const HELD_BESIDES = 131;
const MOST_CHANGES = 12;

test(`${MUTATED_BYTES.toLocaleString("en-US")} mutated bytes find nothing, from seed ${FIRST_SEED} (P6, P12)`, () => {
  const tally = createTally<"bytes" | "outcome">();
  let mutated = 0;
  let seed = FIRST_SEED;
  for (; mutated < MUTATED_BYTES; seed++) {
    const random = createSeededRandom(seed);
    const stream = createStream(random);
    const { bytes, changed } = mutate(stream, random);
    mutated += changed;
    tally.count("bytes", "mutated", changed);
    tally.count("bytes", "read", bytes.length);
    const problem = examine(bytes, random, tally);
    if (problem !== undefined) {
      expect.fail(`EITHERWAY_FUZZ_SEED=${seed}: ${problem}\n${bytes.toString("hex")}`);
    }
  }
  tally.count("outcome", "streams", seed - FIRST_SEED);
  if (MUTATED_BYTES > 1_000_000)
    console.log(`${tally.table(["bytes", "outcome"])}\nseeds ${FIRST_SEED} to ${seed - 1}`);
  // Or the claim would rest on streams that never came to the interesting parts.
  for (const name of ["text", "binary", "ping", "close", "bad-frame", "bad-utf8", "too-large", "cut"]) {
    expect(tally.of("outcome", name), name).toBeGreaterThan(MUTATED_BYTES / 10_000);
  }
});

/** What is wrong with our reading of the bytes, if anything. */
function examine(bytes: Buffer, random: Random, tally: Tally<"bytes" | "outcome">): string | undefined {
  const whole = createOurReader(LIMIT);
  const cuts = Array.from({ length: below(random, 6) }, () => below(random, bytes.length + 1)).sort((a, b) => a - b);
  const ways: [NotingReader, Iterable<number>][] = [
    [whole, []],
    [createOurReader(LIMIT), cuts],
    [createOurReader(LIMIT), every(1 + below(random, 9), bytes.length)],
  ];
  let most = 0;
  for (const [reader, where] of ways) {
    feedCut(
      watched(reader, (held) => (most = Math.max(most, held))),
      bytes,
      where,
    );
    if (reader.outcomes.join() !== whole.outcomes.join()) {
      return `cut, ${reader.outcomes.join("; ")}\nwhole, ${whole.outcomes.join("; ")}`;
    }
  }
  if (most > LIMIT + HELD_BESIDES) return `${most} bytes were held`;
  const yardstick = createYardstick(LIMIT);
  feedCut(yardstick, bytes, []);
  if (!agree(whole.outcomes, yardstick.outcomes)) {
    return `ours, ${whole.outcomes.join("; ")}\nws, ${yardstick.outcomes.join("; ")}`;
  }
  for (const outcome of whole.outcomes) tally.count("outcome", outcome.replace(/^failed /, "").split(" ")[0] as string);
  if (whole.peer.unfinished && !/^(?:failed|close)/.test(whole.outcomes.at(-1) ?? "")) tally.count("outcome", "cut");
  return undefined;
}

function watched(reader: NotingReader, look: (held: number) => void): NotingReader {
  return {
    ...reader,
    feed(chunk) {
      reader.feed(chunk);
      look(reader.held ?? 0);
    },
  };
}

/** `ws` says of a length with its highest bit set that it is too large, we that it is none: RFC 6455 section 5.2. */
function agree(ours: readonly Outcome[], theirs: readonly Outcome[]): boolean {
  if (ours.join() === theirs.join()) return true;
  const sameBefore = ours.slice(0, -1).join() === theirs.slice(0, -1).join();
  return sameBefore && ours.at(-1) === "failed bad-frame" && theirs.at(-1) === "failed too-large";
}

// --- valid streams ---

function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)] as T;
}

/** Of one to four bytes in UTF-8, with the borders of each. */
const CHARACTERS = [
  "a",
  "\u007f",
  "\u0080",
  "ü",
  "\u07ff",
  "\u0800",
  "€",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "🙂",
  "\u{10ffff}",
];

function createStream(random: Random): Buffer {
  const frames: Buffer[] = [];
  for (let left = 1 + below(random, 5); left > 0; left--) {
    if (random() < 0.3) frames.push(createControl(random));
    else frames.push(...createMessage(random));
  }
  return Buffer.concat(frames);
}

function createMessage(random: Random): Buffer[] {
  const opcode = random() < 0.7 ? 0x1 : 0x2;
  const payload = opcode === 0x1 ? createText(random) : createBytes(random, createLength(random));
  const frames: Buffer[] = [];
  const count = random() < 0.5 ? 1 : 1 + below(random, 4);
  let at = 0;
  for (let i = 1; i <= count; i++) {
    const end = i === count ? payload.length : at + below(random, payload.length - at + 1);
    frames.push(shaped(random, i === 1 ? opcode : 0x0, payload.subarray(at, end), i === count));
    if (i < count && random() < 0.3) frames.push(createControl(random));
    at = end;
  }
  return frames;
}

function createControl(random: Random): Buffer {
  const opcode = oneOf(random, [0x9, 0x9, 0xa, 0xa, 0x8]);
  const payload = createBytes(random, below(random, random() < 0.1 ? 126 : 8));
  if (opcode !== 0x8 || payload.length === 0) return shaped(random, opcode, payload, true);
  const number = oneOf(random, [1000, 1001, 1011, 3000, 4999]);
  const reason = Buffer.from("ü€bye".slice(0, below(random, 6)));
  return shaped(random, 0x8, Buffer.concat([Buffer.of(number >> 8, number & 0xff), reason]), true);
}

function shaped(random: Random, opcode: number, payload: Buffer, final: boolean): Buffer {
  const mask = random() < 0.1 ? [0, 0, 0, 0] : [...createBytes(random, 4)];
  const lengthBytes = opcode < 0x8 && random() < 0.05 ? oneOf(random, [2, 8] as const) : undefined;
  return frame(opcode, { payload, final, mask, ...(lengthBytes && { lengthBytes }) });
}

function createLength(random: Random): number {
  const chance = random();
  if (chance < 0.8) return below(random, 30);
  if (chance < 0.9) return 90 + below(random, 50);
  return chance < 0.98 ? below(random, 700) : LIMIT - 10 + below(random, 15);
}

function createText(random: Random): Buffer {
  const length = createLength(random);
  const ascii = random() < 0.4;
  let text = "";
  for (let i = 0; i < length; i++) text += ascii ? "b" : oneOf(random, CHARACTERS);
  return Buffer.from(text);
}

function createBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = below(random, 256);
  return bytes;
}

// --- mutations ---

/** Headers and UTF-8 break most easily at these. */
const AWKWARD = [0x00, 0x01, 0x02, 0x08, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0xc0, 0xed, 0xf4, 0xfe, 0xff];

function mutate(stream: Buffer, random: Random): { readonly bytes: Buffer; readonly changed: number } {
  const bytes = [...stream];
  let changed = 0;
  const wanted = random() < 0.1 ? 0 : 1 + below(random, MOST_CHANGES);
  while (changed < wanted) {
    const at = below(random, bytes.length);
    const count = 1 + below(random, 4);
    const chance = random();
    if (chance < 0.4) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
      changed++;
    } else if (chance < 0.6) {
      bytes[at] = oneOf(random, AWKWARD);
      changed++;
    } else if (chance < 0.7) {
      changed += bytes.splice(at, count).length;
    } else if (chance < 0.8) {
      bytes.splice(at, 0, ...createBytes(random, count));
      changed += count;
    } else if (chance < 0.9) {
      const again = bytes.slice(at, at + count * 2);
      bytes.splice(below(random, bytes.length + 1), 0, ...again);
      changed += again.length;
    } else {
      for (let i = at; i < Math.min(at + count, bytes.length); i++, changed++) bytes[i] = below(random, 256);
    }
    if (bytes.length === 0) break;
  }
  return { bytes: Buffer.from(bytes), changed };
}
