import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClientFrame,
  type ErrorCode,
  jsonClientCodec,
  jsonServerCodec,
  MAX_SEQ,
  type PublishFrame,
  type Run,
} from "../../src/protocol/index.ts";
import { jsonMember } from "../../src/protocol/json-member.ts";
import {
  anyChannel,
  anyClientFrame,
  anyEvent,
  anyJsonText,
  anyKey,
  anyRun,
  anyServerFrame,
  anyVolatileRun,
  arrived,
  codeOf,
  received,
  textOf,
} from "./support.ts";

const EPOCH = "m8x2k1b7cq0z";

function runOf(...messages: Partial<Run["messages"][number]>[]): Run {
  const base = { at: 5, event: "message", from: undefined, payload: { kind: "json", data: "1" }, skipped: 0 } as const;
  return { channel: "a", epoch: EPOCH, messages: messages.map((message, i) => ({ ...base, seq: i + 1, ...message })) };
}

const read = (text: string) => jsonServerCodec.readClient(text);

describe("round trips", () => {
  test("any run is read as it was written (P1, P2)", () => {
    fc.assert(
      fc.property(fc.oneof(anyRun, anyVolatileRun), (run) => {
        expect(jsonClientCodec.readServer(textOf(jsonServerCodec.run(run)))).toEqual(received(run));
      }),
    );
  });

  test("any server frame is read as it was written", () => {
    fc.assert(
      fc.property(anyServerFrame, (frame) => {
        expect(jsonClientCodec.readServer(textOf(jsonServerCodec.frame(frame)))).toEqual(arrived(frame));
      }),
    );
  });

  test("any client frame is read as it was written, channels of any name included", () => {
    fc.assert(
      fc.property(anyClientFrame, (frame) => {
        expect(read(jsonClientCodec.writeClient(frame))).toEqual(frame);
      }),
    );
  });

  test("equal input gives equal bytes", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        expect(jsonServerCodec.run(run)).toEqual(jsonServerCodec.run(structuredClone(run)));
      }),
    );
  });
});

describe("runs", () => {
  test("write only what differs from the default and from the run", () => {
    const run = runOf(
      {},
      { at: 6, event: "note", from: "ana", payload: { kind: "text", data: "hi" } },
      { seq: 6, skipped: 3, payload: { kind: "bytes", data: new Uint8Array([0, 255]) } },
    );
    expect(textOf(jsonServerCodec.run(run))).toBe(
      `{"t":"messages","c":"a","i":"${EPOCH}-00000001","at":5,"m":[{"d":1},{"s":"hi","e":"note","f":"ana","at":6},{"b":"AP8=","n":3}]}`,
    );
  });

  test("what the first entry skipped lies before the run's id (P2)", () => {
    const run = runOf({ seq: 7, skipped: 6 }, { seq: 10, skipped: 2 });
    const text = textOf(jsonServerCodec.run(run));
    expect(text).toContain(`"i":"${EPOCH}-00000007"`);
    expect(jsonClientCodec.readServer(text)).toEqual(received(run));
  });

  test("JSON payloads are put in as the text they came as", () => {
    const data = ' { "b":12345678901234567890, "a":1.0 } ';
    expect(textOf(jsonServerCodec.run(runOf({ payload: { kind: "json", data } })))).toContain(`{"d":${data}}`);
  });

  const head = `{"t":"messages","c":"a","i":"${EPOCH}-00000001","at":5`;
  const bad: [what: string, text: string, code: ErrorCode][] = [
    ["no entries", `${head},"m":[]}`, "bad-frame"],
    ["entries that are no list", `${head},"m":{}}`, "bad-frame"],
    ["an entry that is no object", `${head},"m":[1]}`, "bad-frame"],
    ["an entry without a payload", `${head},"m":[{}]}`, "bad-frame"],
    ["bytes that are no base64", `${head},"m":[{"b":"?"}]}`, "bad-frame"],
    ["text that is none", `${head},"m":[{"s":1}]}`, "bad-frame"],
    ["an event that is no text", `${head},"m":[{"d":1,"e":2}]}`, "bad-frame"],
    ["an id of another shape", '{"t":"messages","c":"a","i":"1","at":5,"m":[{"d":1}]}', "bad-frame"],
    ["the id of an empty log", `{"t":"messages","c":"a","i":"${EPOCH}-00000000","at":5,"m":[{"d":1}]}`, "bad-frame"],
    ["no channel", `{"t":"messages","i":"${EPOCH}-00000001","at":5,"m":[{"d":1}]}`, "bad-frame"],
    [
      "a time that is no whole number",
      `{"t":"messages","c":"a","i":"${EPOCH}-00000001","at":1.5,"m":[{"d":1}]}`,
      "bad-frame",
    ],
    ["a negative n", `${head},"m":[{"d":1,"n":-1}]}`, "bad-frame"],
    ["a first n beyond the start of the log", `${head},"m":[{"d":1,"n":1}]}`, "bad-frame"],
    ["an n beyond the last id", `${head},"m":[{"d":1},{"d":2,"n":${MAX_SEQ}}]}`, "bad-frame"],
  ];
  for (const [what, text, code] of bad) {
    test(`with ${what} are ${code}`, () => {
      expect(codeOf(() => jsonClientCodec.readServer(text))).toBe(code);
    });
  }

  test("-0 is read as 0", () => {
    const frame = jsonClientCodec.readServer(
      `{"t":"messages","c":"a","i":"${EPOCH}-00000001","at":-0,"m":[{"d":1,"n":-0}]}`,
    );
    expect(frame).toMatchObject({ messages: [{ at: 0, skipped: 0 }] });
  });
});

describe("server frames", () => {
  const bad: [what: string, text: string, code: ErrorCode][] = [
    ["no JSON", "{", "bad-json"],
    ["nothing", "", "bad-json"],
    ["a list", "[]", "bad-frame"],
    ["null", "null", "bad-frame"],
    ["a number", "1", "bad-frame"],
    ["no type", "{}", "unknown-frame"],
    ["a type of the client", '{"t":"hello"}', "unknown-frame"],
    ["a type that objects inherit", '{"t":"toString"}', "unknown-frame"],
    ["live without an id", '{"t":"live","c":"a"}', "bad-frame"],
    ["live with start for an id", '{"t":"live","c":"a","i":"start"}', "bad-frame"],
    ["live without a channel", `{"t":"live","i":"${EPOCH}-00000001"}`, "bad-frame"],
    [
      "a gap of unknown reason",
      `{"t":"gap","c":"a","why":"x","oldest":"${EPOCH}-00000001","head":"${EPOCH}-00000001"}`,
      "bad-frame",
    ],
    ["a gap without a head", `{"t":"gap","c":"a","why":"epoch","oldest":"${EPOCH}-00000001"}`, "bad-frame"],
    ["ok without a key", `{"t":"ok","i":"${EPOCH}-00000001"}`, "bad-frame"],
    ["an error without a code", '{"t":"error","message":"x"}', "bad-frame"],
    ["an error with a key that is no text", '{"t":"error","code":"slow","message":"x","k":1}', "bad-frame"],
    ["bye without a sentence", '{"t":"bye","code":"slow"}', "bad-frame"],
    ["bye with a time that is none", '{"t":"bye","code":"slow","message":"","after":"1"}', "bad-frame"],
    ["welcome without limits", '{"t":"welcome","ping":1,"keyWindow":1}', "bad-frame"],
    [
      "welcome with a limit that is none",
      '{"t":"welcome","ping":1,"keyWindow":1,"limits":{"messageBytes":null}}',
      "bad-frame",
    ],
    ["welcome with a huge ping", '{"t":"welcome","ping":1e300,"keyWindow":1,"limits":{}}', "bad-frame"],
  ];
  for (const [what, text, code] of bad) {
    test(`${what} is ${code}`, () => {
      expect(codeOf(() => jsonClientCodec.readServer(text))).toBe(code);
    });
  }

  test("a code of a newer server stands for one that says alike whether to come back (P11)", () => {
    const bye = (retry: string) => jsonClientCodec.readServer(`{"t":"bye","code":"moon-phase","message":"m"${retry}}`);
    expect(bye(',"retry":true')).toMatchObject({ code: "internal" });
    expect(bye(',"retry":false')).toMatchObject({ code: "closed" });
    expect(bye("")).toMatchObject({ code: "closed" });
  });

  test("fields that are not known are left alone", () => {
    expect(jsonClientCodec.readServer('{"t":"ping","x":1,"__proto__":{"c":"a"}}')).toEqual({ t: "ping" });
  });
});

describe("client frames", () => {
  const bad: [what: string, text: string, code: ErrorCode][] = [
    ["no JSON", "{", "bad-json"],
    ["nothing", "", "bad-json"],
    ["two frames", '{"t":"pong"}{"t":"pong"}', "bad-json"],
    ["a list", "[]", "bad-frame"],
    ["an unknown type", '{"t":"dance"}', "unknown-frame"],
    ["a type that is no text", '{"t":{"x":1}}', "unknown-frame"],
    ["a type of the server", '{"t":"ping"}', "unknown-frame"],
    ["hello without a version", '{"t":"hello","client":"c"}', "bad-version"],
    ["hello of another version", '{"t":"hello","v":2,"client":"c"}', "bad-version"],
    ["hello whose version is text", '{"t":"hello","v":"1","client":"c"}', "bad-version"],
    ["hello without a client", '{"t":"hello","v":1}', "bad-frame"],
    ["hello with a client of other characters", '{"t":"hello","v":1,"client":"a.b"}', "bad-frame"],
    ["hello with a token that is no text", '{"t":"hello","v":1,"client":"c","token":1}', "bad-frame"],
    ["hello with a negative wait", '{"t":"hello","v":1,"client":"c","wait":-1}', "bad-frame"],
    ["hello with channels that are a list", '{"t":"hello","v":1,"client":"c","channels":["a"]}', "bad-frame"],
    ["hello with channels that are null", '{"t":"hello","v":1,"client":"c","channels":null}', "bad-frame"],
    ["a cursor that is a number", '{"t":"subscribe","channels":{"a":1}}', "bad-cursor"],
    ["a cursor of another shape", '{"t":"subscribe","channels":{"a":"1"}}', "bad-cursor"],
    ["subscribe without channels", '{"t":"subscribe"}', "bad-frame"],
    ["unsubscribe with an object", '{"t":"unsubscribe","channels":{}}', "bad-frame"],
    ["unsubscribe with a number", '{"t":"unsubscribe","channels":["a",1]}', "bad-frame"],
    ["publish without a key", '{"t":"publish","c":"a","d":1}', "bad-frame"],
    ["publish with an empty key", '{"t":"publish","k":"","c":"a","d":1}', "bad-key"],
    ["publish without a channel", '{"t":"publish","k":"k","d":1}', "bad-frame"],
    ["publish to a channel name that is none", '{"t":"publish","k":"k","c":"a//b","d":1}', "bad-channel"],
    ["publish to a reserved channel", '{"t":"publish","k":"k","c":"@control","d":1}', "reserved-channel"],
    ["publish of an empty event", '{"t":"publish","k":"k","c":"a","e":"","d":1}', "bad-event"],
    ["publish without a payload", '{"t":"publish","k":"k","c":"a"}', "bad-frame"],
    ["publish with two payloads", '{"t":"publish","k":"k","c":"a","d":1,"s":"x"}', "bad-frame"],
    ["publish of text that is none", '{"t":"publish","k":"k","c":"a","s":1}', "bad-frame"],
    ["publish of half a surrogate pair", '{"t":"publish","k":"k","c":"a","s":"\\ud800"}', "bad-utf8"],
    ["publish of bytes that are no base64", '{"t":"publish","k":"k","c":"a","b":"aGk"}', "bad-frame"],
    ["publish of bytes that are null", '{"t":"publish","k":"k","c":"a","b":null}', "bad-frame"],
    ["publish with a raw control in its key", '{"t":"publish","k":"a\u0001","c":"a","d":1}', "bad-json"],
    ["publish with an escaped control in its key", '{"t":"publish","k":"a\\u0001","c":"a","d":1}', "bad-key"],
    ["a hundred thousand brackets", `{"t":"subscribe","channels":${"[".repeat(100_000)}`, "bad-json"],
  ];
  for (const [what, text, code] of bad) {
    test(`${what} is ${code} (P12)`, () => {
      expect(codeOf(() => read(text))).toBe(code);
    });
  }

  test("hello without channels has none, and channel names are left to the subscription", () => {
    expect(read('{"t":"hello","v":1,"client":"c"}')).toEqual({ t: "hello", client: "c", channels: new Map() });
    expect(read('{"t":"subscribe","channels":{"a//b":"now"}}')).toMatchObject({ channels: new Map([["a//b", "now"]]) });
  });

  test("a channel named __proto__ is a channel like any other", () => {
    const channels = new Map([["__proto__", "now"]]);
    const text = jsonClientCodec.writeClient({ t: "subscribe", channels });
    expect(text).toBe('{"t":"subscribe","channels":{"__proto__":"now"}}');
    expect(read(text)).toEqual({ t: "subscribe", channels });
  });

  test("any text is a frame or a typed error (P12)", () => {
    const pieces = fc.constantFrom(
      ...'{}[]":,\\ 01-\n',
      '"t"',
      '"publish"',
      '"hello"',
      '"k":"a"',
      '"c":"a"',
      '"d":',
      "null",
    );
    const likely = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(likely, fc.string(), fc.json()), (text) => {
        codeOf(() => read(text));
        codeOf(() => jsonClientCodec.readServer(text));
      }),
    );
  });

  test("any frame that is changed at one place is a frame or a typed error (P12)", () => {
    fc.assert(
      fc.property(anyClientFrame, fc.nat(), fc.string({ maxLength: 2 }), (frame, at, piece) => {
        const text = jsonClientCodec.writeClient(frame);
        const place = at % (text.length + 1);
        codeOf(() => read(text.slice(0, place) + piece + text.slice(place + 1)));
      }),
    );
  });
});

describe("publish, read fast and slow", () => {
  /** A member that is not known, first of all: the fast path does not read that. */
  const slow = (text: string) => text.replace("{", '{"x":0,');

  test("gives the same, whatever key, channel, event and payload are (P5)", () => {
    fc.assert(
      fc.property(anyKey, anyChannel, fc.option(anyEvent), anyJsonText, (key, channel, event, data) => {
        const named = event === null ? "" : `,"e":${JSON.stringify(event)}`;
        const text = `{"t":"publish","k":${JSON.stringify(key)},"c":${JSON.stringify(channel)}${named},"d":${data}}`;
        const expected = { t: "publish", key, channel, event: event ?? "message", payload: { kind: "json", data } };
        expect(read(text)).toEqual(expected);
        expect(read(slow(text))).toEqual(expected);
      }),
    );
  });

  test("gives the same, whatever stands where the payload should (P12)", () => {
    const pieces = fc.constantFrom(
      "1",
      ",",
      "{",
      "}",
      "[",
      "]",
      '"',
      ":",
      "\\",
      " ",
      "\n",
      '"d"',
      '"c"',
      '"e"',
      '"s"',
      '"a//b"',
      "null",
    );
    const inner = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
    const result = (text: string) => {
      let frame: ClientFrame | undefined;
      const code = codeOf(() => {
        frame = read(text);
      });
      return frame ?? code;
    };
    fc.assert(
      fc.property(inner, (data) => {
        const text = `{"t":"publish","k":"k","c":"a","d":${data}}`;
        expect(result(text)).toEqual(result(slow(text)));
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps the payload's text: digits, spaces, order, doubled keys", () => {
    for (const data of [
      "12345678901234567890",
      "1e999",
      "-0",
      '{"a":1,"a":2}',
      " [ 1 ,\n2 ] ",
      '{"__proto__":1}',
      '"\u2028"',
    ]) {
      const text = `{"t":"publish","k":"k","c":"a","d":${data}}`;
      for (const wire of [text, slow(text)])
        expect((read(wire) as PublishFrame).payload).toEqual({ kind: "json", data });
    }
  });

  test("a payload cannot smuggle in a sibling field, nor take one's place", () => {
    const smuggled = read('{"t":"publish","k":"k","c":"a","d":1,"c":"b","e":"x"}');
    expect(smuggled).toMatchObject({ channel: "b", event: "x", payload: { data: "1" } }); // one JSON object, read as such
    const inside = read('{"t":"publish","k":"k","c":"a","d":{"c":"b","e":"x","d":2}}');
    expect(inside).toMatchObject({ channel: "a", event: "message", payload: { data: '{"c":"b","e":"x","d":2}' } });
    expect(codeOf(() => read('{"t":"publish","k":"k","c":"a","d":1},{"x":2}'))).toBe("bad-json");
  });

  test("of fields that are there twice the last one counts", () => {
    expect(read('{"t":"publish","k":"k","c":"a","d":1,"d":[2]}')).toMatchObject({ payload: { data: "[2]" } });
    expect(read('{"t":"publish","k":"k","c":"a","d":1,"\\u0064":3}')).toMatchObject({ payload: { data: "3" } });
  });

  test("128 levels are taken on both paths, 129 on neither (P12)", () => {
    for (const [depth, code] of [
      [128, "nothing"],
      [129, "bad-json"],
    ] as const) {
      const text = `{"t":"publish","k":"k","c":"a","d":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      expect([codeOf(() => read(text)), codeOf(() => read(slow(text)))]).toEqual([code, code]);
    }
  });

  test("what is kept of a frame does not hold the frame in memory (P6)", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const kept: unknown[] = [];
    const padding = `\n${" ".repeat(1_000_000)}`;
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    for (let i = 0; i < 40; i++) {
      const text = `{"t":"publish","k":"a-key-of-some-length-${i}","c":"a/channel/of/some/length","e":"an-event-of-length","d":"some text of a payload"}`;
      // A line cut out of a long body, as the commands door does it; every second one off the fast path.
      const [line = ""] = `${i % 2 ? text : slow(text)}${padding}${i}`.split("\n");
      kept.push(read(line));
    }
    expect(used() - before).toBeLessThan(10_000_000); // of 40 MB of bodies
    expect(kept).toHaveLength(40);
  });
});

describe("one member of an object", () => {
  test("is found as JSON.parse finds it, and as it was written", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(fc.constant("d"), fc.string()), anyJsonText), { maxLength: 6 }),
        (members) => {
          const json = `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
          JSON.parse(json);
          expect(jsonMember(json, "d")).toBe(members.findLast(([name]) => name === "d")?.[1]);
        },
      ),
    );
  });
});
