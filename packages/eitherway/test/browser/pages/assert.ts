/** Stands for `node:assert/strict` in pages: what the cases use of it. */

// biome-ignore lint/style/noDefaultExport: so has the module that it stands for
export default function assert(good: unknown, message = "not so"): asserts good {
  if (!good) throw new Error(message);
}

assert.equal = (actual: unknown, expected: unknown, message?: string): void => {
  assert(Object.is(actual, expected), message ?? `${shown(actual)} is not ${shown(expected)}`);
};

assert.deepEqual = (actual: unknown, expected: unknown, message?: string): void => {
  assert(same(actual, expected), message ?? `${shown(actual)} is not ${shown(expected)}`);
};

function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const names = Reflect.ownKeys(one);
  return (
    names.length === Reflect.ownKeys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && same(Reflect.get(one, name), Reflect.get(other, name)))
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
