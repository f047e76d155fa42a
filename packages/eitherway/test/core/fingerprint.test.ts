import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fingerprint } from "../../src/core/fingerprint.ts";
import { bytesPayload, type Payload } from "../../src/protocol/index.ts";

const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.string({ unit: "binary" }).map((data): Payload => ({ kind: "text", data })),
  fc.json().map((data): Payload => ({ kind: "json", data })),
  fc.uint8Array().map(bytesPayload),
);
const body = fc.tuple(fc.string({ unit: "binary" }), payload);

/** Event, kind and data in one text, unambiguously. */
function written([event, { kind, data }]: readonly [string, Payload]): string {
  return JSON.stringify([event, kind, typeof data === "string" ? data : [...data]]);
}

describe("a fingerprint", () => {
  test("is equal for equal bodies and differs for different ones (P5)", () => {
    fc.assert(
      fc.property(body, body, (one, other) => {
        const [a, b] = [fingerprint(...one), fingerprint(...other)];
        expect(a === b).toBe(written(one) === written(other));
        expect(fingerprint(...(structuredClone(one) as typeof one))).toBe(a);
        expect(Number.isSafeInteger(a) && a >= 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test("tells event from payload, and kinds from each other (P5)", () => {
    const prints = [
      fingerprint("ab", { kind: "text", data: "c" }),
      fingerprint("a", { kind: "text", data: "bc" }),
      fingerprint("", { kind: "text", data: "abc" }),
      fingerprint("a", { kind: "json", data: "bc" }),
      fingerprint("a", { kind: "bytes", data: Uint8Array.of(98, 99) }),
      fingerprint("a", { kind: "text", data: "b c" }),
      fingerprint("a b", { kind: "text", data: "c" }),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  test("has no collision among many small and regular bodies (P5)", () => {
    const prints = new Set<number>();
    for (let n = 0; n < 200_000; n++) prints.add(fingerprint("message", { kind: "json", data: `{"n":${n}}` }));
    for (let n = 0; n < 50_000; n++)
      prints.add(fingerprint("message", { kind: "text", data: "\u0000".repeat(n % 300) + n }));
    expect(prints.size).toBe(250_000);
  });

  test("changes in all of its bits when one bit of the body does (P5)", () => {
    const flips = Array.from({ length: 53 }, () => 0);
    const base = fingerprint("m", { kind: "bytes", data: new Uint8Array(64) });
    for (let bit = 0; bit < 512; bit++) {
      const data = new Uint8Array(64);
      data[bit >> 3] = 1 << (bit & 7);
      const changed = BigInt(fingerprint("m", { kind: "bytes", data })) ^ BigInt(base);
      for (let at = 0; at < 53; at++) flips[at] = (flips[at] ?? 0) + Number((changed >> BigInt(at)) & 1n);
    }
    // 512 fair coins: less than 128 or more than 384 heads does not happen by chance.
    for (const count of flips) expect(Math.abs(count - 256)).toBeLessThan(128);
  });
});
