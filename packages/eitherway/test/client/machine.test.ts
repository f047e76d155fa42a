import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Effect, type Event, initialState, type State, step } from "../../src/client/machine.ts";
import type { TransportName } from "../../src/client/transport.ts";

const ORDER = ["websocket", "sse", "poll"] as const;
const half = (): number => 0.5;

function run(state: State, ...events: Event[]): { state: State; effects: readonly Effect[] } {
  let effects: readonly Effect[] = [];
  for (const event of events) ({ state, effects } = step(state, event, half));
  return { state, effects };
}

const idle = initialState(ORDER);
const connecting = run(idle, { type: "wanted" }).state;
const open = run(connecting, { type: "opened", link: 1 }).state;
const waiting = run(open, { type: "ended", link: 1, failure: { message: "cut" } }).state;
const stopped = run(open, { type: "ended", link: 1, failure: { code: "bad-version", message: "no" } }).state;
const closed = run(idle, { type: "close" }).state;
const STATES = { idle, connecting, open, waiting, stopped, closed } satisfies Record<State["name"], State>;

const EVENTS = {
  wanted: () => ({ type: "wanted" }),
  opened: (link) => ({ type: "opened", link }),
  ended: (link) => ({ type: "ended", link, failure: { message: "cut" } }),
  timer: () => ({ type: "timer" }),
  woken: () => ({ type: "woken", stale: true }),
  use: () => ({ type: "use", order: ["poll"] }),
  reconnect: () => ({ type: "reconnect" }),
  close: () => ({ type: "close" }),
} satisfies Record<Event["type"], (link: number) => Event>;

/** Effects in few words: `open 2 sse`, `drop 1`, `timer 10000`, `no timer`. */
function brief(effect: Effect): string {
  if (effect.do === "open") return `open ${effect.link} ${effect.transport}`;
  if (effect.do === "drop") return `drop ${effect.link}`;
  return effect.ms === undefined ? "no timer" : `timer ${effect.ms}`;
}

/** The next state and the effects of every state and event. A dash: nothing happens. */
const TABLE: Record<State["name"], Record<Event["type"], string>> = {
  idle: {
    wanted: "connecting: timer 10000, open 1 websocket",
    opened: "-",
    ended: "-",
    timer: "-",
    woken: "-",
    use: "-",
    reconnect: "connecting: timer 10000, open 1 websocket",
    close: "closed: no timer",
  },
  connecting: {
    wanted: "-",
    opened: "open: timer 10000",
    ended: "connecting: timer 10000, open 2 sse",
    timer: "connecting: drop 1, timer 10000, open 2 sse",
    woken: "-",
    use: "connecting: drop 1, timer 10000, open 2 poll",
    reconnect: "connecting: drop 1, timer 10000, open 2 websocket",
    close: "closed: drop 1, no timer",
  },
  open: {
    wanted: "-",
    opened: "-",
    ended: "waiting: timer 250",
    timer: "-",
    woken: "connecting: drop 1, timer 10000, open 2 websocket",
    use: "connecting: drop 1, timer 10000, open 2 poll",
    reconnect: "connecting: drop 1, timer 10000, open 2 websocket",
    close: "closed: drop 1, no timer",
  },
  waiting: {
    wanted: "-",
    opened: "-",
    ended: "-",
    timer: "connecting: timer 10000, open 2 websocket",
    woken: "connecting: timer 10000, open 2 websocket",
    use: "connecting: timer 10000, open 2 poll",
    reconnect: "connecting: timer 10000, open 2 websocket",
    close: "closed: no timer",
  },
  stopped: {
    wanted: "-",
    opened: "-",
    ended: "-",
    timer: "-",
    woken: "-",
    use: "connecting: timer 10000, open 2 poll",
    reconnect: "connecting: timer 10000, open 2 websocket",
    close: "closed: no timer",
  },
  closed: {
    wanted: "-",
    opened: "-",
    ended: "-",
    timer: "-",
    woken: "-",
    use: "-",
    reconnect: "-",
    close: "-",
  },
};

describe("the connection machine", () => {
  const cells = Object.values(STATES).flatMap((state) =>
    Object.values(EVENTS).map((event) => ({ state, name: state.name, event: event(state.link) as Event })),
  );

  test.each(cells.map((cell) => ({ ...cell, type: cell.event.type })))("$name x $type", ({ state, event }) => {
    const { state: next, effects } = step(state, event, half);
    const told = effects.map(brief).join(", ");
    const same = next.name === state.name && effects.length === 0;
    expect(same ? "-" : `${next.name}: ${told}`).toBe(TABLE[state.name][event.type]);
  });

  test("does nothing at the news of a link that was given up", () => {
    for (const state of Object.values(STATES)) {
      for (const event of [EVENTS.opened(99), EVENTS.ended(99)] as Event[]) {
        expect(step(state, event, half)).toEqual({ state, effects: [] });
      }
    }
  });

  test("tries every transport once, then waits", () => {
    const cut = (link: number): Event => ({ type: "ended", link, failure: { message: "refused" } });
    const { state, effects } = run(connecting, cut(1), cut(2), cut(3));
    expect(state).toMatchObject({ name: "waiting", attempt: 1, transport: "poll" });
    expect(effects.map(brief)).toEqual(["timer 250"]);
  });

  test("says why a transport is used", () => {
    const sse = run(connecting, { type: "ended", link: 1, failure: { message: "no upgrade here" } }).state;
    expect(connecting.why).toBe("websocket is the first choice");
    expect(sse.why).toBe("websocket did not get through: no upgrade here");
    const held = run(sse, { type: "opened", link: 2 }, { type: "timer" }).state;
    const back = run(held, { type: "ended", link: 2, failure: { message: "cut" } }, { type: "timer" }).state;
    expect(back).toMatchObject({ transport: "sse", why: "sse worked the last time" });
    expect(run(open, { type: "use", order: ["poll"] }).state.why).toBe("poll was chosen by the application");
  });

  test("does not blame the transport when a server says no for now, and stays away as long as it was told", () => {
    const failure = { code: "too-many-links", message: "full", after: 5_000 } as const;
    const { state } = run(connecting, { type: "ended", link: 1, failure });
    expect(state).toMatchObject({ name: "waiting", told: true });
    expect(state.name === "waiting" && state.ms).toBeGreaterThanOrEqual(5_000);
    expect(run(state, { type: "woken", stale: true }).state).toBe(state);
  });

  test.each([
    [{ code: "too-many-links", message: "full" }, "waiting"],
    [{ message: "a proxy said: later", after: 1_000 }, "waiting"],
    [{ code: "bad-version", message: "no" }, "stopped"],
    [{ message: "refused" }, "connecting"],
  ] as const)("before a link opened, %o leads to %s", (failure, name) => {
    expect(run(connecting, { type: "ended", link: 1, failure }).state.name).toBe(name);
  });

  test("grows the backoff until a link has held, then begins small again", () => {
    let state: State = open;
    const delays: number[] = [];
    for (let i = 0; i < 6; i++) {
      state = run(state, { type: "ended", link: state.link, failure: { message: "cut" } }).state;
      if (state.name === "waiting") delays.push(state.ms);
      state = run(state, { type: "timer" }, { type: "opened", link: state.link + 1 }).state;
    }
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000]);
    state = run(state, { type: "timer" }).state;
    expect(run(state, { type: "ended", link: state.link, failure: { message: "cut" } }).state).toMatchObject({
      ms: 250,
    });
  });

  const failures = fc.constantFrom(
    { message: "cut" },
    { message: "full", code: "too-many-links" as const, after: 3_000 },
    { message: "no", code: "bad-version" as const },
    { message: "busy", after: 1_000 },
  );
  const orders = fc.shuffledSubarray<TransportName>([...ORDER], { minLength: 1 });
  const events = fc.oneof(
    fc.constantFrom("wanted" as const, "reconnect" as const).map((type) => ({ type })),
    fc.constant({ type: "timer" as const }),
    fc.boolean().map((stale) => ({ type: "woken" as const, stale })),
    fc.integer({ min: 0, max: 2 }).map((old) => ({ type: "opened" as const, old })),
    fc
      .tuple(fc.integer({ min: 0, max: 2 }), failures)
      .map(([old, failure]) => ({ type: "ended" as const, old, failure })),
    orders.map((order) => ({ type: "use" as const, order })),
  );

  test("on any walk has at most one link, one timer where time must pass, and never opens after close", () => {
    fc.assert(
      fc.property(
        orders,
        fc.array(events, { maxLength: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (order, walk, chance) => {
          let state = initialState(order);
          let link: number | undefined;
          let timer = false;
          const take = (event: Event): void => {
            if (event.type === "timer") {
              if (!timer) return; // it does not run
              timer = false;
            }
            const before = state;
            const next = step(state, event, () => chance);
            state = next.state;
            // The link of these events is over when they come.
            if (event.type === "ended" && event.link === before.link) link = undefined;
            for (const effect of next.effects) {
              if (effect.do === "drop") {
                expect(effect.link).toBe(link);
                link = undefined;
              } else if (effect.do === "open") {
                expect(link).toBeUndefined();
                expect(state.order).toContain(effect.transport);
                link = effect.link;
              } else timer = effect.ms !== undefined;
            }
            const connected = state.name === "connecting" || state.name === "open";
            expect(link !== undefined).toBe(connected);
            if (state.name === "connecting" || state.name === "waiting") expect(timer).toBe(true);
            if (state.name === "idle" || state.name === "stopped" || state.name === "closed") expect(timer).toBe(false);
          };
          for (const event of walk) {
            take("old" in event ? ({ ...event, link: state.link - event.old } as Event) : event);
          }
          take({ type: "close" });
          for (const event of walk)
            take("old" in event ? ({ ...event, link: state.link - event.old } as Event) : event);
          expect(state.name).toBe("closed");
          expect(link).toBeUndefined();
        },
      ),
    );
  });
});
