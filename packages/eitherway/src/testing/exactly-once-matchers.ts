/** "Nothing lost, doubled or reordered" as one assertion: for `expect` of vitest and Jest, and as a function for all others. */
import { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { type Equals, findFaults, type Received, report } from "./exactly-once.ts";

/**
 * Throws where a reader did not get these messages, each once, in this order, and nothing else. It looks at what has come so far:
 * `await harness.settled()` or `advance()` come before it.
 *
 * @param expected the payloads
 * @throws AssertionError which says what is lost, doubled, reordered or strange, with ids
 * @example
 * assertExactlyOnceInOrder(seen, [{ text: "one" }, { text: "two" }]);
 */
export function assertExactlyOnceInOrder(received: Received, expected: readonly unknown[]): void {
  const faults = findFaults(received, expected, isDeepStrictEqual);
  if (faults.length === 0) return;
  const message = report(received, expected, faults);
  throw new AssertionError({ message, actual: received.data, expected, operator: "exactlyOnceInOrder" });
}

/**
 * For `expect.extend(deliveryMatchers)` of vitest and Jest. Asymmetric matchers (`expect.any(String)`) may stand in what is expected.
 *
 * @example
 * expect.extend(deliveryMatchers);
 * declare module "vitest" {
 *   interface Matchers<T> extends DeliveryMatchers<T> {}
 * }
 * expect(seen).toReceiveExactlyOnceInOrder([{ text: "one" }, { text: "two" }]);
 */
export const deliveryMatchers = {
  toReceiveExactlyOnceInOrder(
    this: { readonly equals?: unknown },
    received: Received,
    expected: readonly unknown[],
  ): MatcherResult {
    const equals = typeof this.equals === "function" ? (this.equals as Equals) : isDeepStrictEqual;
    const faults = findFaults(received, expected, equals);
    return {
      pass: faults.length === 0,
      message: () =>
        faults.length > 0
          ? report(received, expected, faults)
          : `${received.label ?? "it"} received these ${expected.length} messages exactly once and in order`,
      actual: received.data,
      expected,
    };
  },
};

/** What it adds to `expect`: for `interface Matchers<T>` of vitest, `interface Matchers<R>` of Jest. */
export interface DeliveryMatchers<Result = unknown> {
  /** See `assertExactlyOnceInOrder`. */
  toReceiveExactlyOnceInOrder(expected: readonly unknown[]): Result;
}

interface MatcherResult {
  readonly pass: boolean;
  message(): string;
  readonly actual: unknown;
  readonly expected: unknown;
}
