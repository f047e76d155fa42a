/**
 * Random walks of the connection machines: the one that chooses, and the plain one. After every step:
 *
 * 1. The links that are open (opened, and neither dropped nor ended) are those that the state names.
 * 2. At most one of them is in use; another one is a probe, and each of a better transport than the one in use.
 * 3. A timer runs exactly where time must pass: connecting, waiting, and open until nothing more can change.
 * 4. Links count up; each is of a transport that may be used.
 * 5. Transports of one race differ.
 * 6. Where the other end named a time, no timer is shorter.
 * 7. Stopped is entered only by a final refusal; closed is for ever.
 * 8. Rounds are begun by a pause that was waited out, or by somebody outside: the machine alone never goes round without one.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Event, initialState, linksOf, type State } from "../../src/client/connection-state.ts";
import { machine } from "../../src/client/machine.ts";
import { plainMachine } from "../../src/client/plain-machine.ts";
import type { TransportName } from "../../src/client/transport.ts";
import { isRetryable } from "../../src/protocol/index.ts";

const ORDER = ["websocket", "shared", "sse", "poll"] as const;

const failures = fc.constantFrom(
  { message: "cut" },
  { message: "refused" },
  { message: "reset" },
  { message: "full", code: "too-many-links" as const, after: 3_000 },
  { message: "no", code: "bad-version" as const },
  { message: "busy", after: 1_000 },
);
const orders = fc.shuffledSubarray<TransportName>([...ORDER], { minLength: 1 });
/** Which link an event is about: of those there are, counted from the newest; beyond them one that was given up. */
const which = fc.integer({ min: 0, max: 2 });
const moves = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: "timer" as const }) },
  { weight: 6, arbitrary: which.map((which) => ({ type: "opened" as const, which })) },
  {
    weight: 3,
    arbitrary: fc.tuple(which, failures).map(([which, failure]) => ({ type: "ended" as const, which, failure })),
  },
  { weight: 3, arbitrary: which.map((which) => ({ type: "mute" as const, which })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("wanted" as const, "reconnect" as const, "asleep" as const).map((type) => ({ type })),
  },
  { weight: 1, arbitrary: fc.boolean().map((stale) => ({ type: "woken" as const, stale })) },
  { weight: 1, arbitrary: orders.map((order) => ({ type: "use" as const, order })) },
);

/** Walks that never get anywhere would keep every invariant. */
const WAYS = ["open opened open", "waiting timer connecting", "asleep woken connecting", "open ended stopped"];

test.each([
  {
    name: "that chooses",
    machine,
    probes: true,
    ways: ["open mute connecting", "connecting timer connecting", ...WAYS],
  },
  { name: "without a choice", machine: plainMachine, probes: false, ways: ["connecting timer waiting", ...WAYS] },
])("on any walk the machine $name keeps its invariants", ({ machine: { step }, probes, ways }) => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      orders,
      fc.option(fc.constantFrom<string>(...ORDER), { nil: undefined }),
      fc.array(moves, { minLength: 20, maxLength: 120, size: "max" }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (order, recalled, walk, chance) => {
        let state = initialState(order, recalled);
        let open = new Set<number>();
        let timer: number | undefined;

        function take(event: Event): void {
          if (event.type === "timer" && timer === undefined) return; // it does not run
          if (event.type === "timer") timer = undefined;
          const before = state;
          const next = step(state, event, () => chance);
          state = next.state;
          seen.add(`${before.name} ${event.type} ${state.name}`);
          if (event.type === "ended") open.delete(event.link);
          for (const effect of next.effects) {
            if (effect.do === "drop") expect(open.delete(effect.link), "drops what is open (1)").toBe(true);
            if (effect.do === "open") {
              expect(effect.link, "counts up (4)").toBeGreaterThan(before.links);
              expect(state.order, "may be used (4)").toContain(effect.transport);
              open = new Set([...open, effect.link]);
            }
            if (effect.do === "timer") timer = effect.ms;
          }
          check(before, event);
        }

        function check(before: State, event: Event): void {
          const links = linksOf(state);
          expect([...open].sort(), "(1)").toEqual(links.map(({ link }) => link).sort());
          expect(new Set(links.map(({ transport }) => transport)).size, "(5)").toBe(links.length);
          if (state.name === "open") {
            const { current, probe } = state;
            const rank = (name: TransportName): number => state.order.indexOf(name);
            if (probe) expect(rank(probe.transport), "(2)").toBeLessThan(rank(current.transport));
            const mayChange = state.young || (probes && rank(current.transport) > 0);
            expect(timer !== undefined, "(3)").toBe(mayChange);
          } else expect(timer !== undefined, "(3)").toBe(state.name === "connecting" || state.name === "waiting");
          if (state.name === "waiting" && before.name !== "waiting") {
            expect(timer, "(6)").toBeGreaterThanOrEqual(state.lastFailure?.after ?? 100);
          }
          if (state.name === "stopped" && before.name !== "stopped") {
            const { code } = state.lastFailure ?? {};
            expect(code !== undefined && !isRetryable(code), "(7)").toBe(true);
          }
          if (before.name === "closed") expect(state.name, "(7)").toBe("closed");
          if (state.round > before.round) {
            const alone = before.name === "connecting" || before.name === "open";
            const outside = ["woken", "use", "reconnect", "mute"].includes(event.type);
            expect(alone && !outside, "(8)").toBe(false);
          }
        }

        const walkOn = (): void => {
          for (const { which, ...move } of walk as (Event & { which?: number })[]) {
            const links = linksOf(state);
            const link = which === undefined ? undefined : (links.at(-1 - which)?.link ?? state.links + 7);
            take({ ...move, ...(link !== undefined && { link }) } as Event);
          }
        };
        walkOn();
        take({ type: "close" });
        walkOn();
        expect(state.name).toBe("closed");
        expect(open.size).toBe(0);
      },
    ),
    { numRuns: 500 },
  );
  for (const way of ways) expect([...seen]).toContain(way);
});
