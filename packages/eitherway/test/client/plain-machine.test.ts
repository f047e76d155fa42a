/** The connection of a client that does not choose: every state and event, and what makes it different. machine-walk.test.ts has the rest. */
import { describe, expect, test } from "vitest";
import { type Effect, type Event, initialState, type State } from "../../src/client/connection-state.ts";
import { plainMachine } from "../../src/client/plain-machine.ts";

const half = (): number => 0.5;

function run(state: State, ...events: Event[]): { state: State; effects: readonly Effect[] } {
  let effects: readonly Effect[] = [];
  for (const event of events) ({ state, effects } = plainMachine.step(state, event, half));
  return { state, effects };
}

const timer: Event = { type: "timer" };
const wanted: Event = { type: "wanted" };
const opened = (link: number): Event => ({ type: "opened", link });
const ended = (link: number, failure = {}): Event => ({ type: "ended", link, failure: { message: "cut", ...failure } });

const idle = initialState(["websocket"]);
const connecting = run(idle, wanted).state;
const open = run(connecting, opened(1)).state;
const waiting = run(open, ended(1)).state;
const asleep = run(open, { type: "asleep" }).state;
const stopped = run(open, ended(1, { code: "bad-version" })).state;
const closed = run(idle, { type: "close" }).state;
const STATES = { idle, connecting, open, waiting, asleep, stopped, closed } satisfies Record<State["name"], State>;

const EVENTS = {
  wanted,
  opened: opened(1),
  mute: { type: "mute", link: 1 },
  ended: ended(1),
  timer,
  woken: { type: "woken", stale: true },
  asleep: { type: "asleep" },
  use: { type: "use", order: ["websocket"] },
  reconnect: { type: "reconnect" },
  close: { type: "close" },
} satisfies Record<Event["type"], Event>;

function brief(effect: Effect): string {
  if (effect.do === "open") return `open ${effect.link} ${effect.transport}`;
  if (effect.do === "timer") return effect.ms === undefined ? "no timer" : `timer ${effect.ms}`;
  return `${effect.do} ${effect.do === "drop" ? effect.link : effect.transport}`;
}

/** The next state and the effects of every state and event. What is not there does nothing. */
const TABLE: Record<State["name"], Partial<Record<Event["type"], string>>> = {
  idle: {
    wanted: "connecting: timer 10000, open 1 websocket",
    reconnect: "connecting: timer 10000, open 1 websocket",
    close: "closed: no timer",
  },
  connecting: {
    opened: "open: timer 10000",
    ended: "waiting: timer 250",
    timer: "waiting: drop 1, timer 250",
    woken: "connecting: drop 1, timer 10000, open 2 websocket",
    asleep: "asleep: drop 1, no timer",
    reconnect: "connecting: drop 1, timer 10000, open 2 websocket",
    close: "closed: drop 1, no timer",
  },
  open: {
    ended: "waiting: timer 250",
    timer: "open: no timer",
    woken: "connecting: drop 1, timer 10000, open 2 websocket",
    asleep: "asleep: drop 1, no timer",
    reconnect: "connecting: drop 1, timer 10000, open 2 websocket",
    close: "closed: drop 1, no timer",
  },
  waiting: {
    timer: "connecting: timer 10000, open 2 websocket",
    woken: "connecting: timer 10000, open 2 websocket",
    asleep: "asleep: no timer",
    reconnect: "connecting: timer 10000, open 2 websocket",
    close: "closed: no timer",
  },
  asleep: {
    woken: "connecting: timer 10000, open 2 websocket",
    reconnect: "connecting: timer 10000, open 2 websocket",
    close: "closed: no timer",
  },
  stopped: {
    reconnect: "connecting: timer 10000, open 2 websocket",
    close: "closed: no timer",
  },
  closed: {},
};

describe("the plain machine", () => {
  const cells = Object.values(STATES).flatMap((state) =>
    Object.values(EVENTS).map((event) => ({ state, name: state.name, event, type: event.type })),
  );

  test.each(cells)("$name x $type", ({ state, event, type }) => {
    const { state: next, effects } = run(state, event);
    const told = `${next.name}: ${effects.map(brief).join(", ")}`;
    expect(effects.length === 0 && next === state ? undefined : told).toBe(TABLE[state.name][type]);
  });

  test("does nothing at the news of a link that was given up", () => {
    const second = run(connecting, { type: "reconnect" }).state;
    for (const event of [opened(1), ended(1)]) expect(run(second, event)).toEqual({ state: second, effects: [] });
  });

  test("tries transports in turn, a pause between them, and begins with the first one after a link that held", () => {
    const begun = run(initialState(["websocket", "sse"]), wanted);
    expect(begun.effects.map(brief)).toContain("open 1 websocket");
    const second = run(begun.state, ended(1), timer);
    expect(second.effects.map(brief)).toContain("open 2 sse");
    expect(run(second.state, ended(2), timer).effects.map(brief)).toContain("open 3 websocket");
    expect(run(second.state, opened(2), timer, ended(2), timer).effects.map(brief)).toContain("open 3 websocket");
  });

  test("pauses longer each time, until a link has held; a link that opens and breaks is none", () => {
    const pauses: unknown[] = [];
    let state = connecting;
    for (let i = 0; i < 3; i++) {
      state = run(state, opened(state.links), ended(state.links)).state;
      pauses.push(state.name === "waiting" && state.ms);
      state = run(state, timer).state;
    }
    expect(pauses).toEqual([250, 500, 1_000]);
    expect(run(state, opened(state.links), timer, ended(state.links)).state).toMatchObject({
      name: "waiting",
      ms: 250,
    });
  });

  test("does not come back before the time that was named, also not when it is woken or put away", () => {
    const told = run(open, ended(1, { code: "drain", after: 5_000 })).state;
    expect(told).toMatchObject({ name: "waiting", ms: 5_250, told: true });
    for (const event of [EVENTS.woken, EVENTS.asleep]) expect(run(told, event)).toEqual({ state: told, effects: [] });
  });

  test("keeps a link that was heard of when it is woken", () => {
    expect(run(open, { type: "woken", stale: false })).toEqual({ state: open, effects: [] });
  });
});
