import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastSeq, messagesAfter, SharedRun, seqBefore } from "../../src/core/run-bytes.ts";
import { jsonServerCodec, type Message } from "../../src/protocol/index.ts";

function message(seq: number, skipped = 0): Message {
  return { seq, skipped, at: 0, event: "message", from: undefined, payload: { kind: "json", data: String(seq) } };
}

describe("messagesAfter", () => {
  test("of a run is the rest, which joins up with where the reader stands (P2)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }), fc.nat(60), (skips, at) => {
        let seq = 0;
        const run = skips.map((skipped) => {
          seq += 1 + skipped;
          return message(seq, skipped);
        });
        const rest = messagesAfter(run, at);
        expect(rest.map((one) => one.seq)).toEqual(run.map((one) => one.seq).filter((one) => one > at));
        if (rest.length === 0) return;
        expect(seqBefore(rest)).toBe(at);
        expect(lastSeq(rest)).toBe(lastSeq(run));
      }),
    );
  });

  test("a whole run is the same array: nothing is copied", () => {
    const run = [message(5, 2), message(6)];
    expect(messagesAfter(run, 2)).toBe(run);
    expect(messagesAfter(run, 0)).toBe(run); // a hole before it is the caller's to see
  });
});

test("a run is encoded once per framing, whoever asks", () => {
  let encodings = 0;
  const framing = () => ({
    ...jsonServerCodec,
    run(run: Parameters<typeof jsonServerCodec.run>[0]) {
      encodings++;
      return jsonServerCodec.run(run);
    },
  });
  const [one, two] = [framing(), framing()];
  const shared = new SharedRun({ channel: "a", epoch: "m8x2k1b7cq0z", messages: [message(1)] });
  expect(shared.bytesFor(one)).toBe(shared.bytesFor(one));
  expect(shared.bytesFor(two)).not.toBe(shared.bytesFor(one));
  expect(shared.bytesFor(two)).toBe(shared.bytesFor(two));
  expect(encodings).toBe(2);
});
