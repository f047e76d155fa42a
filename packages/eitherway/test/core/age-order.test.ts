import fc from "fast-check";
import { expect, test } from "vitest";
import { type Aged, createAgeOrder } from "../../src/core/age-order.ts";

interface Item extends Aged {
  readonly name: number;
}

test("an age order gives its items oldest first after any touches and removals (P6)", () => {
  const step = fc.record({ name: fc.nat(6), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const order = createAgeOrder<Item>();
      const items = Array.from(
        { length: 7 },
        (_, name): Item => ({ name, touchedAt: 0, older: undefined, newer: undefined }),
      );
      const model: number[] = [];
      for (const [now, { name, remove }] of steps.entries()) {
        const item = items[name];
        if (!item) continue;
        const at = model.indexOf(name);
        if (at >= 0) model.splice(at, 1);
        if (remove) {
          if (at >= 0) order.remove(item);
        } else {
          order.touch(item, now);
          model.push(name);
          expect(item.touchedAt).toBe(now);
        }
        const forwards: number[] = [];
        for (let one = order.oldest; one; one = one.newer) forwards.push(one.name);
        expect(forwards).toEqual(model);
        for (const one of items) {
          if (one.newer) expect(one.newer.older).toBe(one);
          if (!model.includes(one.name)) expect([one.older, one.newer]).toEqual([undefined, undefined]);
        }
      }
    }),
  );
});
