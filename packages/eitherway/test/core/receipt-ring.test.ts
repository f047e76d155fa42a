import fc from "fast-check";
import { expect, test } from "vitest";
import { ReceiptRing } from "../../src/core/receipt-ring.ts";

test("a ring keeps the newest receipts, as a list that lets its oldest go would (P5, P6)", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 30 }),
      (most, steps) => {
        const ring = new ReceiptRing(most);
        const list: { counter: number; print: number; seq: number }[] = [];
        let counter = 0;
        for (const step of steps) {
          counter += step;
          const receipt = { counter, print: counter * 2 ** 40, seq: list.length + 1 };
          ring.add(receipt.counter, receipt.print, receipt.seq);
          list.push(receipt);
          const kept = list.slice(-most);
          expect(ring.size).toBe(kept.length);
          expect(ring.newestCounter).toBe(counter);
          for (let asked = 0; asked <= counter; asked++) {
            expect(ring.find(asked)).toEqual(kept.find((one) => one.counter === asked));
          }
        }
      },
    ),
  );
});

test("a ring without receipts has no newest one and finds none", () => {
  const ring = new ReceiptRing(3);
  expect([ring.size, ring.newestCounter, ring.find(0)]).toEqual([0, undefined, undefined]);
});
