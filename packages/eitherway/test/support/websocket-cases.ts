/**
 * What RFC 6455 asks of a server that reads frames (sections 5 to 7), as bytes and what has to come of them. The same list
 * goes through our reader and through `ws`, in memory and over TCP. What Autobahn's test suite asks in its groups 1 to 7 and 10 is in it.
 */
import {
  binary,
  binarySeen,
  close,
  closeSeen,
  fragments,
  frame,
  more,
  type Outcome,
  ping,
  pingSeen,
  pong,
  text,
  textSeen,
} from "./websocket-frames.ts";

export interface Case {
  /** Unique; begins with the section. */
  readonly title: string;
  readonly bytes: Buffer;
  readonly outcomes: readonly Outcome[];
  /** Where the RFC leaves the kind of the failure open: each of these may be the last outcome. */
  readonly or?: readonly Outcome[];
}

/** The largest message of the suite, so that every form of a length lies below it. */
export const LIMIT = 70_000;

/** Both sides of each border of the length field. */
const LENGTHS = [0, 1, 2, 7, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537, LIMIT];

const BAD_FRAME = "failed bad-frame";
const BAD_UTF8 = "failed bad-utf8";
const TOO_LARGE = "failed too-large";

function one(title: string, frames: Buffer | readonly Buffer[], outcomes: Outcome | readonly Outcome[]): Case {
  const bytes = Buffer.isBuffer(frames) ? frames : Buffer.concat(frames);
  return { title, bytes, outcomes: typeof outcomes === "string" ? [outcomes] : outcomes };
}

/** Behind each case that ends in a failure or a close: what must not be read. */
const NOT_READ = text("not to be read");

// --- 5.2: lengths, bits, opcodes ---

function lengths(): Case[] {
  const bytes = (length: number) => Buffer.alloc(length, "0123456789abc");
  return [
    ...LENGTHS.flatMap((length) => [
      one(`5.2 text of ${length} bytes`, text(bytes(length)), textSeen(String(bytes(length)))),
      one(`5.2 binary of ${length} bytes`, binary(bytes(length)), binarySeen(bytes(length))),
      one(
        `5.2 text of ${length} bytes between others`,
        [text("before"), text(bytes(length)), text("after")],
        [textSeen("before"), textSeen(String(bytes(length))), textSeen("after")],
      ),
    ]),
    ...([2, 8] as const).flatMap((lengthBytes) =>
      [0, 1, 125].map((length) =>
        // "The minimal number of bytes MUST be used" binds who sends; every known server takes more.
        one(
          `5.2 text of ${length} bytes whose length is said in ${lengthBytes}`,
          text(bytes(length), { lengthBytes }),
          textSeen(String(bytes(length))),
        ),
      ),
    ),
    one("5.2 a length of 16 bits said in 64", text(bytes(300), { lengthBytes: 8 }), textSeen(String(bytes(300)))),
    one("5.2 a message over the limit", [text(bytes(LIMIT + 1)), NOT_READ], TOO_LARGE),
    one(
      "5.2 a header that says one byte over the limit, and no more",
      text("", { says: BigInt(LIMIT + 1) }),
      TOO_LARGE,
    ),
    one("5.2 a length of 2^32 + 1", text("", { says: 2n ** 32n + 1n }), TOO_LARGE),
    one("5.2 a length of 2^53", text("", { says: 2n ** 53n }), TOO_LARGE),
    one("5.2 a length of 2^63 - 1", text("", { says: 2n ** 63n - 1n }), TOO_LARGE),
    {
      ...one("5.2 a length of 2^63: its highest bit must be 0", binary("", { says: 2n ** 63n }), BAD_FRAME),
      or: [TOO_LARGE],
    },
    { ...one("5.2 a length of 2^64 - 1", binary("", { says: 2n ** 64n - 1n }), BAD_FRAME), or: [TOO_LARGE] },
  ];
}

function bitsAndOpcodes(): Case[] {
  const kinds = [0x1, 0x2, 0x8, 0x9, 0xa];
  return [
    ...[0x40, 0x20, 0x10, 0x60, 0x50, 0x30, 0x70].flatMap((reserved) =>
      kinds.map((opcode) =>
        one(
          `5.2 reserved bits 0x${reserved.toString(16)} with opcode ${opcode}`,
          [text("before"), frame(opcode, { reserved }), NOT_READ],
          [textSeen("before"), BAD_FRAME],
        ),
      ),
    ),
    one(
      "5.2 a reserved bit on a continuation",
      [...fragments(0x1, ["a", "b"]).slice(0, 1), more("b", { reserved: 0x40 })],
      BAD_FRAME,
    ),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
      one(
        `5.2 the reserved opcode ${opcode}`,
        [text("before"), frame(opcode), NOT_READ],
        [textSeen("before"), BAD_FRAME],
      ),
      one(`5.2 the reserved opcode ${opcode} with a payload`, [frame(opcode, { payload: "x" }), ping()], BAD_FRAME),
      one(`5.2 the reserved opcode ${opcode}, not final`, frame(opcode, { final: false, payload: "x" }), BAD_FRAME),
    ]),
  ];
}

// --- 5.1, 5.3: masks ---

function masks(): Case[] {
  const none = { mask: undefined };
  const masks = [
    [0, 0, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 1],
    [255, 255, 255, 255],
    [0x80, 0x7f, 0, 0xff],
  ];
  return [
    ...[0x1, 0x2, 0x8, 0x9, 0xa].map((opcode) =>
      one(
        `5.1 no mask on opcode ${opcode}`,
        [text("before"), frame(opcode, none), NOT_READ],
        [textSeen("before"), BAD_FRAME],
      ),
    ),
    one("5.1 no mask on a continuation", [text("a", { final: false }), more("b", none)], BAD_FRAME),
    ...masks.flatMap((mask) =>
      [1, 3, 4, 5, 95, 96, 97, 98, 99, 100, 1000].map((length) => {
        const payload = "ü€x".repeat(length).slice(0, length);
        return one(
          `5.3 a text of ${length} units under the mask ${mask.join(",")}`,
          text(payload, { mask }),
          textSeen(payload),
        );
      }),
    ),
  ];
}

// --- 5.4: fragments ---

function fragmented(): Case[] {
  const [f1, f2, f3] = fragments(0x1, ["one ", "two ", "three"]) as [Buffer, Buffer, Buffer];
  const whole = textSeen("one two three");
  const pinged = pingSeen(Buffer.from("p"));
  const many = 1000;
  return [
    one("5.4 text in two", fragments(0x1, ["fragment1", "fragment2"]), textSeen("fragment1fragment2")),
    one("5.4 binary in three", fragments(0x2, ["a", "b", "c"]), binarySeen(Buffer.from("abc"))),
    one("5.4 text in many", fragments(0x1, Array(many).fill("ü")), textSeen("ü".repeat(many))),
    one("5.4 many empty fragments", fragments(0x1, Array(many).fill("")), textSeen("")),
    one("5.4 empty fragments around one that is not", fragments(0x1, ["", "", "x", "", ""]), textSeen("x")),
    one("5.4 an empty start and an empty end", fragments(0x2, ["", ""]), binarySeen(Buffer.alloc(0))),
    one(
      "5.4 as long as the limit",
      fragments(0x2, [Buffer.alloc(LIMIT - 1), "x", ""]),
      binarySeen(Buffer.concat([Buffer.alloc(LIMIT - 1), Buffer.from("x")])),
    ),
    one("5.4 together over the limit", [...fragments(0x2, [Buffer.alloc(LIMIT), "x"]), NOT_READ], TOO_LARGE),
    one(
      "5.4 the second header says too much",
      [text("x", { final: false }), more("", { says: BigInt(LIMIT) })],
      TOO_LARGE,
    ),
    one(
      "5.4 two messages, both fragmented",
      [...fragments(0x1, ["a", "b"]), ...fragments(0x2, ["c", "d"])],
      [textSeen("ab"), binarySeen(Buffer.from("cd"))],
    ),
    ...[
      [ping("p"), f1, f2, f3],
      [f1, ping("p"), f2, f3],
      [f1, f2, ping("p"), f3],
    ].map((frames, i) => one(`5.4 a ping before fragment ${i + 1}`, frames, [pinged, whole])),
    one("5.4 a ping behind the last fragment", [f1, f2, f3, ping("p")], [whole, pinged]),
    one(
      "5.4 pings and pongs between all fragments",
      [f1, ping("p"), pong("q"), f2, pong(), ping("p"), f3],
      [pinged, pinged, whole],
    ),
    one("5.4 an empty ping between fragments", [f1, ping(), f2, f3], [pingSeen(Buffer.alloc(0)), whole]),
    one("5.4 a close between fragments", [f1, close(1000, "bye"), f2, f3], closeSeen(1000, "bye")),
    one("5.4 a failure between fragments", [f1, frame(0x3), f2, f3], BAD_FRAME),
    ...[text, binary].map((start) =>
      one(`5.4 a new ${start.name} message inside another`, [f1, start("x"), f2, f3], BAD_FRAME),
    ),
    one("5.4 a new fragmented message inside another", [f1, text("x", { final: false }), f2, f3], BAD_FRAME),
    one("5.4 a continuation of nothing", [more("x"), NOT_READ], BAD_FRAME),
    one("5.4 a continuation of nothing, not final", [more("x", { final: false }), NOT_READ], BAD_FRAME),
    one("5.4 a continuation behind a whole message", [text("x"), more("y"), NOT_READ], [textSeen("x"), BAD_FRAME]),
    one("5.4 a continuation behind the last fragment", [f1, f2, f3, more("y")], [whole, BAD_FRAME]),
    one("5.4 a message that never ends", [f1, f2], []),
  ];
}

// --- 5.5: control frames ---

function controls(): Case[] {
  const all = Buffer.from(Array.from({ length: 125 }, (_, i) => 255 - i));
  return [
    one("5.5.2 a ping without a payload", ping(), pingSeen(Buffer.alloc(0))),
    one("5.5.2 a ping of 125 bytes", ping(all), pingSeen(all)),
    one(
      "5.5.2 pings among messages, in order",
      [ping("1"), text("a"), ping("2"), text("b")],
      [pingSeen(Buffer.from("1")), textSeen("a"), pingSeen(Buffer.from("2")), textSeen("b")],
    ),
    one(
      "5.5.2 ten pings at once",
      Array.from({ length: 10 }, (_, i) => ping(`${i}`)),
      Array.from({ length: 10 }, (_, i) => pingSeen(Buffer.from(`${i}`))),
    ),
    one("5.5.3 pongs that nobody asked for", [pong(), pong("x"), pong(all), text("on")], textSeen("on")),
    one("5.5 a ping whose length is said in 16 bits", [ping("x", { lengthBytes: 2 }), NOT_READ], BAD_FRAME),
    ...(
      [
        ["ping", 0x9],
        ["pong", 0xa],
        ["close", 0x8],
      ] as const
    ).flatMap(([name, opcode]) => [
      one(`5.5 a ${name} of 126 bytes`, [frame(opcode, { payload: Buffer.alloc(126, 3) }), NOT_READ], BAD_FRAME),
      one(`5.5 a ${name} of 65,536 bytes`, [frame(opcode, { payload: Buffer.alloc(65_536, 3) }), NOT_READ], BAD_FRAME),
      one(`5.5 a ${name} in fragments`, [frame(opcode, { final: false }), more("")], BAD_FRAME),
      one(
        `5.5 a ${name} in fragments inside a message`,
        [text("a", { final: false }), frame(opcode, { final: false })],
        BAD_FRAME,
      ),
    ]),
  ];
}

// --- 5.5.1, 7.4: closing ---

const ALLOWED = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999,
];
const FORBIDDEN = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2500, 2999, 5000, 5001, 9999, 65_535];

function closing(): Case[] {
  return [
    one("5.5.1 a close that says nothing", close(), closeSeen(1005, "")),
    one("5.5.1 a close of one byte", [frame(0x8, { payload: "x" }), NOT_READ], BAD_FRAME),
    one(
      "5.5.1 messages behind a close",
      [text("a"), close(1000), text("b"), ping(), close(1001)],
      [textSeen("a"), closeSeen(1000, "")],
    ),
    one("5.5.1 no frames behind a close", [close(1000, "x"), Buffer.alloc(500, 0xff)], closeSeen(1000, "x")),
    one("5.5.1 a reason of 123 bytes", close(1000, "x".repeat(123)), closeSeen(1000, "x".repeat(123))),
    one("5.5.1 a reason beyond ASCII", close(1000, "größer als 🙂"), closeSeen(1000, "größer als 🙂")),
    one("5.5.1 a reason of 124 bytes", close(1000, "x".repeat(124)), BAD_FRAME),
    one(
      "5.5.1 a reason that is no UTF-8",
      [close(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80])), NOT_READ],
      BAD_UTF8,
    ),
    one("5.5.1 a reason that is cut inside a character", close(1000, Buffer.from([0x61, 0xe2, 0x82])), BAD_UTF8),
    ...ALLOWED.map((number) => one(`7.4 close ${number}`, close(number, "why"), closeSeen(number, "why"))),
    ...FORBIDDEN.map((number) =>
      one(`7.4 close ${number}, which no peer may send`, [close(number), NOT_READ], BAD_FRAME),
    ),
  ];
}

// --- 8.1: UTF-8 ---

const hex = (digits: string) => Buffer.from(digits.replaceAll(" ", ""), "hex");

const VALID: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["plain", Buffer.from("Hello")],
  ["two bytes each", Buffer.from("grüße µ@ßöäüàá")],
  ["three bytes each", Buffer.from("κόσμε €")],
  ["four bytes each", Buffer.from("🙂𝄞")],
  ["the first and last of one byte", hex("00 7f")],
  ["the first and last of two bytes", hex("c280 dfbf")],
  ["the first and last of three bytes", hex("e0a080 efbfbf")],
  ["the first and last of four bytes", hex("f0908080 f48fbfbf")],
  ["around the surrogates", hex("ed9fbf ee8080")],
  ["a byte order mark", hex("efbbbf 61 efbbbf")],
  ["characters that are none", hex("efbfbe efb790 f09fbfbe f48fbfbe")],
];

const INVALID: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["a lone continuation 80", hex("80")],
  ["a lone continuation bf", hex("61 bf 61")],
  ["more continuations than asked for", hex("c3a4 80")],
  ["an overlong / in two bytes", hex("c0af")],
  ["an overlong / in three bytes", hex("e080af")],
  ["an overlong / in four bytes", hex("f08080af")],
  ["an overlong / in five bytes", hex("f8808080af")],
  ["an overlong / in six bytes", hex("fc80808080af")],
  ["an overlong NUL", hex("c080")],
  ["the largest overlong of two bytes", hex("c1bf")],
  ["the largest overlong of three bytes", hex("e09fbf")],
  ["the largest overlong of four bytes", hex("f08fbfbf")],
  ["the first high surrogate", hex("eda080")],
  ["the last high surrogate", hex("edafbf")],
  ["the first low surrogate", hex("edb080")],
  ["the last low surrogate", hex("edbfbf")],
  ["a pair of surrogates", hex("eda180 edb080")],
  ["U+110000", hex("f4908080")],
  ["f5", hex("f5808080")],
  ["a sequence of five bytes", hex("f888808080")],
  ["a sequence of six bytes", hex("fc8480808080")],
  ["fe", hex("fe")],
  ["ff", hex("ff")],
  ["two bytes cut after one", hex("61 c3")],
  ["three bytes cut after one", hex("61 e2")],
  ["three bytes cut after two", hex("61 e282")],
  ["four bytes cut after one", hex("61 f0")],
  ["four bytes cut after two", hex("61 f09f")],
  ["four bytes cut after three", hex("61 f09f99")],
  ["a cut sequence before another", hex("e282 61")],
];

function utf8(): Case[] {
  const cases: Case[] = [];
  const add = (what: string, bytes: Buffer, outcome: Outcome, after: readonly Buffer[]): void => {
    cases.push(one(`8.1 ${what}`, [text(bytes), ...after], outcome));
    // Cut at every byte, over two frames; and each byte a frame of its own.
    for (let at = 0; at <= bytes.length; at++) {
      const parts = fragments(0x1, [bytes.subarray(0, at), bytes.subarray(at)]);
      cases.push(one(`8.1 ${what}, fragmented at ${at}`, [...parts, ...after], outcome));
    }
    const bytewise = fragments(
      0x1,
      [...bytes].map((byte) => Buffer.of(byte)),
    );
    cases.push(one(`8.1 ${what}, each byte a fragment`, [...bytewise, ...after], outcome));
    // Behind enough ASCII that it is unmasked by words.
    const long = Buffer.concat([Buffer.alloc(200, "a"), bytes]);
    const longOutcome = outcome === BAD_UTF8 ? outcome : textSeen(long.toString());
    cases.push(one(`8.1 ${what}, behind 200 bytes of ASCII`, [text(long), ...after], longOutcome));
  };
  for (const [what, bytes] of VALID) add(what, bytes, textSeen(bytes.toString()), []);
  for (const [what, bytes] of INVALID) add(what, bytes, BAD_UTF8, [NOT_READ]);
  return [
    ...cases,
    one("8.1 what is no UTF-8 is fine in binary", binary(hex("c0af ff")), binarySeen(hex("c0af ff"))),
    one("8.1 what is no UTF-8 is fine in a ping", ping(hex("c0af ff")), pingSeen(hex("c0af ff"))),
  ];
}

export const CASES: readonly Case[] = [
  ...lengths(),
  ...bitsAndOpcodes(),
  ...masks(),
  ...fragmented(),
  ...controls(),
  ...closing(),
  ...utf8(),
];

/** Whether the outcomes are those of the case, or allowed instead. */
export function isRight({ outcomes, or = [] }: Case, seen: readonly Outcome[]): boolean {
  const last = seen.at(-1) ?? "";
  if (seen.join("\n") === outcomes.join("\n")) return true;
  return or.includes(last) && seen.slice(0, -1).join("\n") === outcomes.slice(0, -1).join("\n");
}
