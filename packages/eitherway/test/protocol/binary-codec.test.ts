import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binaryClientCodec,
  binaryServerCodec,
  type ErrorCode,
  jsonServerCodec,
  MAX_SEQ,
  type Run,
} from "../../src/protocol/index.ts";
import {
  anyClientFrame,
  anyRun,
  anyServerFrame,
  anyVolatileRun,
  arrived,
  codeOf,
  fromHex,
  hex,
  received,
  utf8,
} from "./support.ts";

const EPOCH = "m8x2k1b7cq0z";
const EPOCH_HEX = hex(utf8(EPOCH));

/** Text as the wire has it: length and bytes, in hex; for texts below 128 bytes. */
const text = (value: string) => hex(Uint8Array.of(utf8(value).length)) + hex(utf8(value));
const id = (seq: string) => EPOCH_HEX + seq;

describe("round trips", () => {
  test("any run is read as it was written (P1, P2)", () => {
    fc.assert(
      fc.property(fc.oneof(anyRun, anyVolatileRun), (run) => {
        expect(binaryClientCodec.readServer(binaryServerCodec.run(run))).toEqual(received(run));
      }),
    );
  });

  test("any server frame is read as it was written", () => {
    fc.assert(
      fc.property(anyServerFrame, (frame) => {
        expect(binaryClientCodec.readServer(binaryServerCodec.frame(frame))).toEqual(arrived(frame));
      }),
    );
  });

  test("any client frame is read as it was written, channels of any name included", () => {
    fc.assert(
      fc.property(anyClientFrame, (frame) => {
        expect(binaryServerCodec.readClient(binaryClientCodec.writeClient(frame))).toEqual(frame);
      }),
    );
  });

  test("a long run of large payloads is read as it was written", () => {
    const data = "ü€".repeat(20_000);
    const messages = Array.from({ length: 300 }, (_, i) => {
      const payload = { kind: "text", data: i % 100 === 0 ? data : `${i}` } as const;
      return { seq: i + 1, at: 1, event: "message", from: undefined, payload, skipped: 0 };
    });
    const run: Run = { channel: "a", epoch: EPOCH, messages };
    expect(binaryClientCodec.readServer(binaryServerCodec.run(run))).toEqual(received(run));
  });
});

describe("texts and size", () => {
  test("a small message costs less than in JSON, and bytes cost no base64", () => {
    const message = { seq: 7, at: 1_795_380_276_220, event: "message", from: undefined, skipped: 0 };
    const run = (payload: Run["messages"][number]["payload"]): Run => ({
      channel: "room/42",
      epoch: EPOCH,
      messages: [{ ...message, payload }],
    });
    const small = run({ kind: "json", data: '{"x":1}' });
    expect(binaryServerCodec.run(small).length).toBe(38);
    expect(jsonServerCodec.run(small).length).toBeGreaterThan(80);
    const bytes = run({ kind: "bytes", data: new Uint8Array(3000) });
    expect(binaryServerCodec.run(bytes).length).toBe(3032);
  });

  test("a byte order mark is part of a text", () => {
    const frame = { t: "bye", code: "slow", message: "\ufeffx" } as const;
    expect(binaryClientCodec.readServer(binaryServerCodec.frame(frame))).toEqual(frame);
  });

  test("texts are as long as their UTF-8, on both sides of every boundary of the writer", () => {
    for (const length of [0, 1, 63, 64, 65, 127, 128, 255, 256, 300, 16_384]) {
      for (const character of ["x", "\u007f", "\u0080", "ü"]) {
        const message = character.repeat(length);
        const frame = { t: "bye", code: "slow", message } as const;
        expect(binaryClientCodec.readServer(binaryServerCodec.frame(frame))).toEqual(arrived(frame));
      }
    }
  });
});

describe("frames that are cut or broken", () => {
  test("a frame that is cut anywhere is a typed error (P12)", () => {
    fc.assert(
      fc.property(anyClientFrame, anyServerFrame, anyRun, (client, server, run) => {
        const wire = binaryClientCodec.writeClient(client);
        for (let end = 0; end < wire.length; end++) {
          expect(codeOf(() => binaryServerCodec.readClient(wire.subarray(0, end)))).toBe("bad-frame");
        }
        for (const whole of [binaryServerCodec.frame(server), binaryServerCodec.run(run)]) {
          for (let end = 0; end < whole.length; end++) {
            expect(codeOf(() => binaryClientCodec.readServer(whole.subarray(0, end)))).toBe("bad-frame");
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test("any bytes are a frame or a typed error (P12)", () => {
    const types = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 0x41, 0x42, 0x43, 0x44, 0x45);
    const likely = fc
      .tuple(types, fc.uint8Array({ maxLength: 60 }))
      .map(([type, rest]) => Uint8Array.of(type, ...rest));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), likely), (wire) => {
        codeOf(() => binaryServerCodec.readClient(wire));
        codeOf(() => binaryClientCodec.readServer(wire));
      }),
      { numRuns: 3000 },
    );
  });

  test("a frame with one byte changed is a frame or a typed error (P12)", () => {
    fc.assert(
      fc.property(
        fc.oneof(anyClientFrame.map(binaryClientCodec.writeClient), anyRun.map(binaryServerCodec.run)),
        fc.nat(),
        fc.nat({ max: 255 }),
        (wire, at, byte) => {
          const broken = wire.slice();
          broken[at % wire.length] = byte;
          codeOf(() => binaryServerCodec.readClient(broken));
          codeOf(() => binaryClientCodec.readServer(broken));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("bytes after the last known field are left alone", () => {
    fc.assert(
      fc.property(anyClientFrame, anyServerFrame, fc.uint8Array({ maxLength: 5 }), (client, server, more) => {
        expect(binaryServerCodec.readClient(Uint8Array.of(...binaryClientCodec.writeClient(client), ...more))).toEqual(
          client,
        );
        expect(binaryClientCodec.readServer(Uint8Array.of(...binaryServerCodec.frame(server), ...more))).toEqual(
          arrived(server),
        );
      }),
    );
  });

  const hello = `4101${text("c")}`;
  const publish = (flags: string, payload: string) => `44${text("k")}${text("a")}${flags}${payload}`;
  const client: [what: string, wire: string, code: ErrorCode][] = [
    ["nothing", "", "bad-frame"],
    ["an unknown type", "7f", "unknown-frame"],
    ["a type of the server", "07", "unknown-frame"],
    ["another version", `4102${text("c")}0000`, "bad-version"],
    ["a client of other characters", `4101${text("a.b")}0000`, "bad-frame"],
    ["unknown flags in hello", `${hello}0800`, "bad-frame"],
    ["a cursor of unknown kind", `${hello}0001${text("a")}03`, "bad-cursor"],
    ["an epoch with an upper-case letter", `${hello}0001${text("a")}02${hex(utf8("M8X2K1B7CQ0Z"))}01`, "bad-frame"],
    ["an epoch with a byte beyond ASCII", `${hello}0001${text("a")}02${"ff".repeat(12)}01`, "bad-frame"],
    ["a seq that does not fit", `${hello}0001${text("a")}02${EPOCH_HEX}${"ff".repeat(6)}01`, "bad-frame"],
    ["a number over 2^53 - 1", `42${"ff".repeat(7)}1f`, "bad-frame"],
    ["a number whose bytes say nothing for long", `42${"80".repeat(160)}01`, "bad-frame"],
    ["a number longer than it needs to be", "428000", "bad-frame"],
    ["a text that says it is longer than the frame", "4301ffff03", "bad-frame"],
    ["more channels than there are", `43${"ff".repeat(7)}0f${text("a")}`, "bad-frame"],
    ["text that is no UTF-8", "430102c328", "bad-utf8"],
    ["UTF-8 of half a surrogate pair", "430103eda080", "bad-utf8"],
    ["an empty key", `44${text("")}${text("a")}00${text("1")}`, "bad-key"],
    ["a channel name that is none", `44${text("k")}${text("a//b")}00${text("1")}`, "bad-channel"],
    ["an empty event", publish("04", text("") + text("1")), "bad-event"],
    ["unknown flags in publish", publish("08", text("1")), "bad-frame"],
    ["a payload of unknown kind", publish("03", text("1")), "bad-frame"],
    ["a JSON payload that is none", publish("00", text("{")), "bad-json"],
    ["a JSON payload of no bytes", publish("00", text("")), "bad-json"],
    ["a text payload that is no UTF-8", publish("01", "02c328"), "bad-utf8"],
  ];
  for (const [what, wire, code] of client) {
    test(`from a client: ${what} is ${code} (P12)`, () => {
      expect(codeOf(() => binaryServerCodec.readClient(fromHex(wire)))).toBe(code);
    });
  }

  const run = (first: string, count: string, entries: string) => `03${text("a")}${id(first)}05${count}${entries}`;
  const server: [what: string, wire: string, code: ErrorCode][] = [
    ["a type of the client", "45", "unknown-frame"],
    ["a run without entries", run("01", "00", ""), "bad-frame"],
    ["a run that says more entries than it has bytes", run("01", `${"ff".repeat(7)}0f`, "000131"), "bad-frame"],
    ["the id of an empty log", run("00", "01", "000131"), "bad-frame"],
    ["a first entry that skips ids before the log", run("01", "01", "2001013131"), "bad-frame"],
    ["an entry with unknown flags", run("01", "01", "400131"), "bad-frame"],
    ["a gap of unknown reason", `04${text("a")}03${id("01")}${id("01")}`, "bad-frame"],
    ["a code outside our range", `0601${text("x")}00`, "bad-frame"],
    ["a JSON payload that is none", run("01", "01", "00017b"), "bad-json"],
  ];
  for (const [what, wire, code] of server) {
    test(`from a server: ${what} is ${code}`, () => {
      expect(codeOf(() => binaryClientCodec.readServer(fromHex(wire)))).toBe(code);
    });
  }

  test("a seq beyond the last id is bad-frame", () => {
    const wire = binaryServerCodec.run({
      channel: "a",
      epoch: EPOCH,
      messages: [1, 2].map((n) => ({
        seq: n,
        at: 0,
        event: "message",
        from: undefined,
        payload: { kind: "json", data: "1" },
        skipped: n === 2 ? MAX_SEQ : 0,
      })),
    });
    expect(codeOf(() => binaryClientCodec.readServer(wire))).toBe("bad-frame");
  });
});

describe("memory", () => {
  test("bytes that were read are a copy, also out of a Buffer (P6)", () => {
    const payload = { kind: "bytes", data: new Uint8Array([1, 2, 3]) } as const;
    const wire = Buffer.from(
      binaryClientCodec.writeClient({ t: "publish", key: "k", channel: "a", event: "message", payload }),
    );
    const frame = binaryServerCodec.readClient(wire);
    wire.fill(0);
    expect(frame).toMatchObject({ payload: { data: new Uint8Array([1, 2, 3]) } });
  });

  test("a code of a newer server stands for one that says alike whether to come back (P11)", () => {
    expect(binaryClientCodec.readServer(fromHex(`08f322${text("m")}00`))).toMatchObject({ code: "internal" }); // 4467
    expect(binaryClientCodec.readServer(fromHex(`088727${text("m")}00`))).toMatchObject({ code: "closed" }); // 4999
  });
});

test("what cannot be a field is a mistake of the caller, not a frame", () => {
  expect(() => binaryServerCodec.frame({ t: "bye", code: "slow", message: "", after: 1.5 })).toThrow(RangeError);
  expect(() =>
    binaryServerCodec.frame({ t: "bye", code: "slow", message: "", after: Number.POSITIVE_INFINITY }),
  ).toThrow(RangeError);
  expect(() => binaryServerCodec.frame({ t: "live", channel: "a", id: "start" })).toThrow(RangeError);
});
