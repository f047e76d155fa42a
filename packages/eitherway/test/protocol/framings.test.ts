import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createEventsFraming,
  eventsFraming,
  formatId,
  jsonClientCodec,
  type Message,
  messageText,
  pollFraming,
  type Run,
  sseFraming,
} from "../../src/protocol/index.ts";
import { sseBlock } from "../../src/protocol/sse-block.ts";
import { decode, oracle } from "./sse-support.ts";
import { anyChannel, anyEvent, anyRun, anyServerFrame, anyText, arrived, received, textOf } from "./support.ts";

const EPOCH = "m8x2k1b7cq0z";
const id = (seq: number) => formatId(EPOCH, seq);
const asJson = (epoch: string, one: Message) => JSON.parse(messageText(epoch, one));

function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    seq,
    at: 5,
    event: "message",
    from: undefined,
    payload: { kind: "text", data: `${seq}` },
    skipped: 0,
    ...fields,
  };
}

function runOf(channel: string, ...messages: Message[]): Run {
  return { channel, epoch: EPOCH, messages };
}

const lineEnds = (text: string) => text.replace(/\r\n|\r/g, "\n");

describe("a block of an event stream", () => {
  test("F2, F5: any data arrives whole, with line ends as LF, whatever parser reads it (P12)", () => {
    const hostile = fc.array(
      fc.constantFrom("\n", "\r", "\r\n", " ", "data: x", "id: 9", ":", "\ufeff", "\0", "\u2028"),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          hostile.map((parts) => parts.join("")),
        ),
        (data) => {
          const bytes = new TextEncoder().encode(sseBlock({ id: "1", data }));
          expect(decode([bytes]).events).toEqual([{ event: "message", data: lineEnds(data), id: "1" }]);
          expect(oracle(bytes).events).toEqual([{ event: undefined, data: lineEnds(data), id: "1" }]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("F3: any legal event name arrives as it is, also one that begins with a space", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const bytes = new TextEncoder().encode(sseBlock({ event, data: "" }));
        expect(oracle(bytes).events).toEqual([{ event, data: "", id: undefined }]);
      }),
    );
  });

  test("F7: an id alone is a block of its own", () => {
    expect(sseBlock({ id: "1" })).toBe("id: 1\n\n");
  });

  test("F4: no data at all is still an event", () => {
    expect(decode([sseBlock({ data: "" })]).events).toHaveLength(1);
  });
});

describe("frames as events, for the SDK", () => {
  test("F9: each is one event of one line without name or id, and reads as the frame (P1)", () => {
    fc.assert(
      fc.property(anyRun, anyServerFrame, (run, frame) => {
        const text = textOf(sseFraming.run(run)) + textOf(sseFraming.frame(frame));
        expect(text).toMatch(/^data: [^\r\n]*\n\ndata: [^\r\n]*\n\n$/);
        const { events, lastEventId } = decode([text]);
        expect(events.map(({ data }) => jsonClientCodec.readServer(data))).toEqual([received(run), arrived(frame)]);
        expect([events[0]?.event, lastEventId]).toEqual(["message", ""]);
      }),
    );
  });
});

describe("frames as lines, for long-poll and commands", () => {
  test("each is exactly one line, also where a JSON payload has line ends, and reads as the frame (P1)", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyRun, anyServerFrame), { maxLength: 4 }), (all) => {
        const bytes = all.map((one) => ("messages" in one ? pollFraming.run(one) : pollFraming.frame(one)));
        const lines = bytes
          .map(textOf)
          .join("")
          .split(/\r\n|\r|\n/);
        expect(lines.pop()).toBe("");
        expect(lines.map((line) => jsonClientCodec.readServer(line))).toEqual(
          all.map((one) => ("messages" in one ? received(one) : arrived(one))),
        );
      }),
    );
  });
});

test("a frame for long-poll is memory of its own: one that waits keeps nothing else alive (P6)", () => {
  for (const frame of [{ t: "ping" }, { t: "live", channel: "a", id: "000000000000-00000001" }] as const) {
    const bytes = pollFraming.frame(frame);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  }
});

describe("a message as JSON", () => {
  test("has id, event, time and one of data, text, bytes; from where somebody set it", () => {
    expect(asJson(EPOCH, message(7, { payload: { kind: "json", data: '{"a":1}' } }))).toEqual({
      id: id(7),
      event: "message",
      at: 5,
      data: { a: 1 },
    });
    expect(asJson(EPOCH, message(7, { from: "ana", event: "note" }))).toEqual({
      id: id(7),
      event: "note",
      at: 5,
      from: "ana",
      text: "7",
    });
    expect(asJson(EPOCH, message(7, { payload: { kind: "bytes", data: new Uint8Array([0, 255]) } }))).toMatchObject({
      bytes: "AP8=",
    });
  });

  test("keeps a JSON payload's digits as text, and names the channel where asked", () => {
    const big = message(7, { payload: { kind: "json", data: "12345678901234567890" } });
    expect(messageText(EPOCH, big, "room/42")).toBe(
      `{"id":"${id(7)}","channel":"room/42","event":"message","at":5,"data":12345678901234567890}`,
    );
  });
});

describe("one channel as plain events", () => {
  test("id, event and data are the message's, for any run and parser (P1, P2, P3)", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const { events } = oracle(eventsFraming.run(run));
        expect(events.map((event) => event.id)).toEqual(
          run.messages.map(({ seq }) => formatId(run.epoch as string, seq)),
        );
        expect(events.map((event) => event.data)).toEqual(
          run.messages.map(({ payload }) =>
            payload.kind === "bytes" ? Buffer.from(payload.data).toString("base64") : lineEnds(payload.data),
          ),
        );
      }),
    );
  });

  test("an event of a name that means something here gets a prefix: nobody can fake a gap (P2, P12)", () => {
    const names = ["gap", "ping", "refresh", "failure", "bye", "open", "error", "note", "message", "Gap"];
    const { events } = oracle(eventsFraming.run(runOf("a", ...names.map((event, i) => message(i + 1, { event })))));
    expect(events.map(({ event }) => event)).toEqual([
      "message.gap",
      "message.ping",
      "message.refresh",
      "message.failure",
      "message.bye",
      "message.open",
      "message.error",
      "note",
      undefined,
      "Gap",
    ]);
  });

  test("control frames are events of their own names; live is an id alone; welcome and ok say nothing", () => {
    const text = (frame: Parameters<typeof eventsFraming.frame>[0]) => textOf(eventsFraming.frame(frame));
    expect(text({ t: "live", channel: "a", id: id(3) })).toBe(`id: ${id(3)}\n\n`);
    expect(text({ t: "gap", channel: "a", why: "trimmed", oldest: id(2), head: id(9) })).toBe(
      `id: ${id(9)}\nevent: gap\ndata: {"channel":"a","why":"trimmed","oldest":"${id(2)}","head":"${id(9)}"}\n\n`,
    );
    expect(text({ t: "ping" })).toBe("event: ping\ndata: {}\n\n");
    expect(text({ t: "error", code: "too-many-channels", message: "m", channel: "a" })).toBe(
      'event: failure\ndata: {"code":"too-many-channels","message":"m","retry":true,"channel":"a"}\n\n',
    );
    expect(text({ t: "bye", code: "rotate", message: "m", after: 0 })).toBe(
      'event: bye\ndata: {"code":"rotate","message":"m","retry":true,"after":0}\n\n',
    );
    expect(text({ t: "ok", key: "k", id: id(1) })).toBe(":\n\n");
  });
});

describe("several channels as plain events", () => {
  test("data is the message as JSON on one line, and each write ends with all cursors in order (P3)", () => {
    const framing = createEventsFraming(["b", "a"], ["start", "now"]);
    expect(textOf(framing.run(runOf("a", message(1), message(2, { event: "gap" }))))).toBe(
      `data: {"id":"${id(1)}","channel":"a","event":"message","at":5,"text":"1"}\n\n` +
        `data: {"id":"${id(2)}","channel":"a","event":"gap","at":5,"text":"2"}\n\n` +
        `id: start,${id(2)}\n\n`,
    );
    expect(textOf(framing.frame({ t: "live", channel: "b", id: id(0) }))).toBe(`id: ${id(0)},${id(2)}\n\n`);
    expect(textOf(framing.frame({ t: "gap", channel: "b", why: "epoch", oldest: id(4), head: id(9) }))).toBe(
      `event: gap\ndata: {"channel":"b","why":"epoch","oldest":"${id(4)}","head":"${id(9)}"}\n\nid: ${id(9)},${id(2)}\n\n`,
    );
    expect(textOf(framing.frame({ t: "ping" }))).toBe("event: ping\ndata: {}\n\n");
  });

  test("what a gap brings comes behind it, and the cursors behind that: a cut before tells it all again (P2)", () => {
    const gap = { t: "gap", channel: "a", why: "trimmed", oldest: id(2), head: id(9) } as const;
    const latest = [message(4, { event: "tick" }), message(7, { skipped: 2 })];
    const said = `event: gap\ndata: {"channel":"a","why":"trimmed","oldest":"${id(2)}","head":"${id(9)}"}\n\n`;
    expect(textOf(eventsFraming.frame({ ...gap, latest }))).toBe(
      `${said}event: tick\ndata: 4\n\ndata: 7\n\nid: ${id(9)}\n\n`,
    );
    expect(textOf(createEventsFraming(["b", "a"], ["start", "now"]).frame({ ...gap, latest }))).toBe(
      `${said}data: {"id":"${id(4)}","channel":"a","event":"tick","at":5,"text":"4"}\n\n` +
        `data: {"id":"${id(7)}","channel":"a","event":"message","at":5,"text":"7"}\n\nid: start,${id(9)}\n\n`,
    );
  });

  test("readers do not share cursors", () => {
    const [one, other] = [createEventsFraming(["a"], ["now"]), createEventsFraming(["a"], ["now"])];
    one.run(runOf("a", message(8)));
    expect(textOf(other.run(runOf("a", message(2))))).toContain(`id: ${id(2)}\n\n`);
  });

  test("a cut anywhere repeats messages and loses none (P2)", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 8 }), fc.nat(), (order, place) => {
        const framing = createEventsFraming(["a", "b"], ["start", "start"]);
        const heads = { a: 0, b: 0 };
        const bytes = Buffer.concat(
          order.map((channel) => framing.run(runOf(channel, message(++heads[channel as "a" | "b"])))),
        );
        const { events, lastEventId } = decode([bytes.subarray(0, place % (bytes.length + 1))]);
        const shown = new Set(events.map(({ data }) => `${JSON.parse(data).channel} ${JSON.parse(data).id}`));
        // What the cursors say was seen has been handed over.
        const [a = "", b = ""] = (lastEventId || "start,start").split(",");
        for (let seq = 1; id(seq) <= a && a !== "start"; seq++) expect(shown).toContain(`a ${id(seq)}`);
        for (let seq = 1; id(seq) <= b && b !== "start"; seq++) expect(shown).toContain(`b ${id(seq)}`);
      }),
    );
  });

  test("any run reads back, whatever its payloads are (P1)", () => {
    fc.assert(
      fc.property(anyRun, anyChannel, (run, other) => {
        const framing = createEventsFraming([run.channel, `${other}/2`], ["now", "now"]);
        const { events } = oracle(framing.run(run));
        expect(events.map(({ data }) => JSON.parse(data))).toEqual(
          run.messages.map((one) => ({ ...asJson(run.epoch as string, one), channel: run.channel })),
        );
      }),
    );
  });
});
