import fc from "fast-check";
import { expect, test } from "vitest";
import { maskAt, turnMask, unmask } from "../../src/transports/websocket-mask.ts";

const MOST_BYTES = 300; // on both sides of where words begin

/** RFC 6455 section 5.3, to the letter. */
function plainUnmask(payload: Uint8Array, key: Uint8Array): Uint8Array {
  return payload.map((byte, i) => byte ^ (key[i % 4] as number));
}

const keys = fc.uint8Array({ minLength: 4, maxLength: 4 });

test("a payload is unmasked as RFC 6455 says, wherever it lies, and nothing around it is touched", () => {
  fc.assert(
    fc.property(
      keys,
      fc.uint8Array({ maxLength: MOST_BYTES }),
      fc.nat(9),
      fc.nat(9),
      (key, payload, before, behind) => {
        const bytes = new Uint8Array(before + payload.length + behind).fill(0xaa);
        bytes.set(payload, before);
        const expected = bytes.slice();
        expected.set(plainUnmask(payload, key), before);
        unmask(bytes, before, before + payload.length, maskAt(key, 0));
        expect(bytes).toEqual(expected);
      },
    ),
  );
});

test("one byte beyond ASCII is seen, wherever it stands", () => {
  fc.assert(
    fc.property(
      keys,
      fc.integer({ min: 1, max: MOST_BYTES }),
      fc.nat(),
      fc.integer({ min: 0x80, max: 0xff }),
      (key, length, place, byte) => {
        const text = new Uint8Array(length).fill(0x41);
        const spoilt = text.slice();
        spoilt[place % length] = byte;
        const seenAsAscii = [text, spoilt].map((payload) => {
          const bytes = plainUnmask(payload, key);
          return unmask(bytes, 0, length, maskAt(key, 0));
        });
        expect(seenAsAscii).toEqual([true, false]);
      },
    ),
  );
});

test("a payload in two pieces is unmasked like one, the mask turned between them", () => {
  fc.assert(
    fc.property(keys, fc.uint8Array({ maxLength: MOST_BYTES }), fc.nat(), (key, payload, place) => {
      const cut = place % (payload.length + 1);
      const bytes = payload.slice();
      const mask = maskAt(key, 0);
      unmask(bytes, 0, cut, mask);
      unmask(bytes, cut, bytes.length, turnMask(mask, cut));
      expect(bytes).toEqual(plainUnmask(payload, key));
    }),
  );
});
