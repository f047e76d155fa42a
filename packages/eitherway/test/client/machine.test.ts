import { describe, expect, test } from "vitest";
import { type Effect, type Event, initialState, linksOf, type State } from "../../src/client/connection-state.ts";
import { PROBE_MS, step } from "../../src/client/machine.ts";
import { RACE_MS } from "../../src/client/steps.ts";

const ORDER = ["websocket", "sse", "poll"] as const;
const half = (): number => 0.5;

function run(state: State, ...events: Event[]): { state: State; effects: readonly Effect[] } {
  let effects: readonly Effect[] = [];
  for (const event of events) ({ state, effects } = step(state, event, half));
  return { state, effects };
}

const timer: Event = { type: "timer" };
const opened = (link: number): Event => ({ type: "opened", link });
const cut = (link: number, message = "cut"): Event => ({ type: "ended", link, failure: { message } });
const mute = (link: number): Event => ({ type: "mute", link });
const newest = (state: State): number => state.links;

const idle = initialState(ORDER);
const connecting = run(idle, { type: "wanted" }).state;
const open = run(connecting, opened(1)).state;
const waiting = run(open, cut(1)).state;
const asleep = run(open, { type: "asleep" }).state;
const stopped = run(open, { type: "ended", link: 1, failure: { code: "bad-version", message: "no" } }).state;
const closed = run(idle, { type: "close" }).state;
const STATES = { idle, connecting, open, waiting, asleep, stopped, closed } satisfies Record<State["name"], State>;

const EVENTS = {
  wanted: () => ({ type: "wanted" }),
  opened,
  mute,
  ended: cut,
  timer: () => timer,
  woken: () => ({ type: "woken", stale: true }),
  asleep: () => ({ type: "asleep" }),
  use: () => ({ type: "use", order: ["poll"] }),
  reconnect: () => ({ type: "reconnect" }),
  close: () => ({ type: "close" }),
} satisfies Record<Event["type"], (link: number) => Event>;

/** Effects in few words: `open 2 sse`, `drop 1`, `timer 10000`, `no timer`, `remember sse`. */
function brief(effect: Effect): string {
  if (effect.do === "open") return `open ${effect.link} ${effect.transport}`;
  if (effect.do === "drop") return `drop ${effect.link}`;
  if (effect.do === "remember") return `remember ${effect.transport}`;
  return effect.ms === undefined ? "no timer" : `timer ${effect.ms}`;
}

/** The next state and the effects of every state and event. A dash: nothing happens. */
const TABLE: Record<State["name"], Record<Event["type"], string>> = {
  idle: {
    wanted: "connecting: timer 2000, open 1 websocket",
    opened: "-",
    mute: "-",
    ended: "-",
    timer: "-",
    woken: "-",
    asleep: "-",
    use: "-",
    reconnect: "connecting: timer 2000, open 1 websocket",
    close: "closed: no timer",
  },
  connecting: {
    wanted: "-",
    opened: "open: timer 10000",
    mute: "-",
    ended: "connecting: timer 2000, open 2 sse",
    timer: "connecting: timer 2000, open 2 sse",
    woken: "connecting: drop 1, timer 2000, open 2 websocket",
    asleep: "asleep: drop 1, no timer",
    use: "connecting: drop 1, timer 10000, open 2 poll",
    reconnect: "connecting: drop 1, timer 2000, open 2 websocket",
    close: "closed: drop 1, no timer",
  },
  open: {
    wanted: "-",
    opened: "-",
    mute: "connecting: drop 1, timer 2000, open 2 sse",
    ended: "waiting: timer 250",
    timer: "open: remember websocket, no timer",
    woken: "connecting: drop 1, timer 2000, open 2 websocket",
    asleep: "asleep: drop 1, no timer",
    use: "connecting: drop 1, timer 10000, open 2 poll",
    reconnect: "connecting: drop 1, timer 2000, open 2 websocket",
    close: "closed: drop 1, no timer",
  },
  waiting: {
    wanted: "-",
    opened: "-",
    mute: "-",
    ended: "-",
    timer: "connecting: timer 2000, open 2 websocket",
    woken: "connecting: timer 2000, open 2 websocket",
    asleep: "asleep: no timer",
    use: "connecting: timer 10000, open 2 poll",
    reconnect: "connecting: timer 2000, open 2 websocket",
    close: "closed: no timer",
  },
  asleep: {
    wanted: "-",
    opened: "-",
    mute: "-",
    ended: "-",
    timer: "-",
    woken: "connecting: timer 2000, open 2 websocket",
    asleep: "-",
    use: "-",
    reconnect: "connecting: timer 2000, open 2 websocket",
    close: "closed: no timer",
  },
  stopped: {
    wanted: "-",
    opened: "-",
    mute: "-",
    ended: "-",
    timer: "-",
    woken: "-",
    asleep: "-",
    use: "connecting: timer 10000, open 2 poll",
    reconnect: "connecting: timer 2000, open 2 websocket",
    close: "closed: no timer",
  },
  closed: {
    wanted: "-",
    opened: "-",
    mute: "-",
    ended: "-",
    timer: "-",
    woken: "-",
    asleep: "-",
    use: "-",
    reconnect: "-",
    close: "-",
  },
};

describe("the connection machine", () => {
  const cells = Object.values(STATES).flatMap((state) =>
    Object.values(EVENTS).map((event) => ({ state, name: state.name, event: event(1) as Event })),
  );

  test.each(cells.map((cell) => ({ ...cell, type: cell.event.type })))("$name x $type", ({ state, event }) => {
    const { state: next, effects } = step(state, event, half);
    const told = effects.map(brief).join(", ");
    const same = next.name === state.name && effects.length === 0;
    expect(same ? "-" : `${next.name}: ${told}`).toBe(TABLE[state.name][event.type]);
  });

  test("does nothing at the news of a link that was given up", () => {
    for (const state of Object.values(STATES)) {
      for (const event of [opened(99), mute(99), cut(99)]) {
        expect(step(state, event, half)).toEqual({ state, effects: [] });
      }
    }
  });
});

describe("a round", () => {
  test("tries every transport once, then waits", () => {
    const { state, effects } = run(connecting, cut(1), cut(2), cut(3));
    expect(state).toMatchObject({ name: "waiting", round: 1, last: { transport: "poll" } });
    expect(effects.map(brief)).toEqual(["timer 250"]);
  });

  test("says why a transport is used", () => {
    const sse = run(connecting, cut(1, "no upgrade here")).state;
    expect(connecting.last?.why).toBe("websocket is the first choice");
    expect(sse.last?.why).toBe("websocket did not get through: no upgrade here");
    const held = run(sse, opened(2), timer).state;
    const back = run(held, cut(2), timer).state;
    expect(back.last).toMatchObject({ transport: "sse", why: "sse worked the last time" });
    expect(run(open, { type: "use", order: ["poll"] }).state.last?.why).toBe("poll was chosen by the application");
  });

  test("begins with what worked on this network before, and passes over a memory that makes no sense", () => {
    const begun = (recalled: string) => run(initialState(ORDER, recalled), { type: "wanted" }).state.last;
    expect(begun("poll")).toMatchObject({ transport: "poll", why: "poll worked the last time" });
    expect(begun("carrier pigeon")).toMatchObject({ transport: "websocket" });
  });

  test("remembers only what a choice was made of", () => {
    const chosen = run(initialState(["poll"]), { type: "wanted" }, opened(1));
    expect(run(chosen.state, timer).effects.map(brief)).toEqual(["no timer"]);
  });

  test("lets a transport that is not open soon race the next one; who is open first wins, and the others go", () => {
    const race = run(connecting, timer);
    expect(race.effects.map(brief)).toEqual([`timer ${RACE_MS}`, "open 2 sse"]);
    expect(race.state.last?.why).toBe("websocket did not open within 2 s");
    expect(run(race.state, opened(1)).effects.map(brief)).toEqual(["drop 2", "timer 10000"]);
    const { state, effects } = run(race.state, opened(2));
    expect(effects.map(brief)).toEqual(["drop 1", "timer 10000"]);
    expect(state).toMatchObject({ name: "open", current: { transport: "sse", link: 2 } });
  });

  test("a racer that fails makes room for the next one, and the race goes on", () => {
    const { state, effects } = run(connecting, timer, cut(1, "refused"));
    expect(effects.map(brief)).toEqual(["timer 10000", "open 3 poll"]);
    expect(linksOf(state).map(({ transport }) => transport)).toEqual(["sse", "poll"]);
    expect(run(state, cut(3)).state.name).toBe("connecting");
    expect(run(state, cut(3), cut(2)).state.name).toBe("waiting");
  });

  test("gives up when none of them opens, and says so", () => {
    const { state, effects } = run(connecting, timer, timer, timer);
    expect(effects.map(brief)).toEqual(["drop 1", "drop 2", "drop 3", "timer 250"]);
    expect(state.lastFailure?.message).toBe("websocket and sse and poll did not open within 10 s");
  });

  test("does not blame the transport when a server says no for now, and stays away as long as it was told", () => {
    const failure = { code: "too-many-links", message: "full", after: 5_000 } as const;
    const { state } = run(connecting, { type: "ended", link: 1, failure });
    expect(state).toMatchObject({ name: "waiting", told: true });
    expect(state.name === "waiting" && state.ms).toBeGreaterThanOrEqual(5_000);
    expect(run(state, { type: "woken", stale: true }).state).toBe(state);
    expect(run(state, { type: "asleep" }, { type: "woken", stale: true }).state).toBe(state);
  });

  test.each([
    [{ code: "too-many-links", message: "full" }, "waiting"],
    [{ message: "a proxy said: later", after: 1_000 }, "waiting"],
    [{ code: "bad-version", message: "no" }, "stopped"],
    [{ message: "refused" }, "connecting"],
  ] as const)("before a link opened, %o leads to %s", (failure, name) => {
    expect(run(connecting, { type: "ended", link: 1, failure }).state.name).toBe(name);
  });

  test("a transport that something on the way puts off, twice, is tried last: others may get through", () => {
    const later: Event = { type: "ended", link: 2, failure: { message: "503", after: 1_000 } };
    const twice = run(connecting, cut(1), later, timer, cut(3), { ...later, link: 4 } as Event).state;
    expect(twice).toMatchObject({ name: "waiting", told: true, doubted: ["sse"] });
    const next = run(twice, timer, cut(5)).state;
    expect(next.last?.transport).toBe("poll");
  });

  test("a server that says no to one racer ends the race", () => {
    const failure = { code: "bad-version", message: "no" } as const;
    const { state, effects } = run(connecting, timer, { type: "ended", link: 2, failure });
    expect(state.name).toBe("stopped");
    expect(effects.map(brief)).toEqual(["drop 1", "no timer"]);
  });

  test("grows the backoff until a link has held, then begins small again", () => {
    let state: State = run(initialState(["poll"]), { type: "wanted" }, opened(1)).state;
    const delays: number[] = [];
    for (let i = 0; i < 6; i++) {
      state = run(state, cut(newest(state))).state;
      if (state.name === "waiting") delays.push(state.ms);
      state = run(state, timer).state;
      state = run(state, opened(newest(state))).state;
    }
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000]);
    state = run(state, timer).state;
    expect(run(state, cut(newest(state))).state).toMatchObject({ ms: 250 });
  });
});

describe("a transport that does not serve", () => {
  const onSse = run(connecting, cut(1), opened(2)).state;

  test("an open stream that is mute is given up for what holds less back, and says why", () => {
    const { state, effects } = run(onSse, mute(2));
    expect(effects.map(brief)).toEqual(["drop 2", `timer ${RACE_MS}`, "open 3 poll"]);
    expect(state.last?.why).toBe("sse was open but mute: something on the way holds back what the server sends");
    expect(state.doubted).toEqual(["sse"]);
  });

  test("is tried last from then on, until it has held again", () => {
    const onPoll = run(onSse, mute(2), opened(3)).state;
    const again = run(onPoll, cut(3), timer).state;
    expect(again.name === "connecting" && [again.last?.transport, ...again.left]).toEqual(["websocket", "poll", "sse"]);
    const promoted = run(onPoll, timer, timer, cut(4), opened(5), timer).state; // websocket, then sse
    expect(promoted).toMatchObject({ name: "open", current: { transport: "sse" }, doubted: [], good: "sse" });
  });

  test("the last one stays in use, mute or not: nothing better is left", () => {
    const onPoll = run(onSse, mute(2), opened(3)).state;
    const both = run(onPoll, mute(3), opened(4), mute(4)).state; // poll, then websocket
    const last = run(both, opened(newest(both))).state;
    expect(run(last, mute(newest(last))).effects).toEqual([]);
    const chosen = run(initialState(["sse"]), { type: "wanted" }, opened(1)).state;
    expect(run(chosen, mute(1)).effects).toEqual([]);
  });

  test("links that open and soon break, twice in a row, make it doubtful: no word of the server does", () => {
    const broken = (failure: Event) => run(open, failure, timer, opened(2), { ...failure, link: 2 } as Event, timer);
    expect(broken(cut(1)).state).toMatchObject({ doubted: ["websocket"], last: { transport: "sse" } });
    const full: Event = { type: "ended", link: 1, failure: { code: "slow", message: "slow" } };
    expect(broken(full).state).toMatchObject({ doubted: [], last: { transport: "websocket" } });
    const hinted: Event = { type: "ended", link: 1, failure: { message: "the stream ended", after: 1 } };
    expect(broken(hinted).state).toMatchObject({ doubted: ["websocket"] });
    const held = run(open, timer, cut(1), timer, opened(2), timer, cut(2), timer).state;
    expect(held).toMatchObject({ doubted: [], last: { transport: "websocket" } });
  });

  test("a choice of the application begins without doubts", () => {
    const { state } = run(onSse, mute(2), { type: "use", order: ["sse", "poll"] });
    expect(state).toMatchObject({ doubted: [], last: { transport: "sse" } });
  });
});

describe("promotion", () => {
  const onPoll = run(connecting, cut(1), cut(2), opened(3)).state;
  const grown = run(onPoll, timer);
  const probing = run(grown.state, timer);

  test("the better transports are probed beside the link in use, the best one first", () => {
    expect(grown.effects.map(brief)).toEqual(["remember poll", `timer ${0.75 * PROBE_MS}`]);
    expect(probing.effects.map(brief)).toEqual(["timer 10000", "open 4 websocket"]);
    expect(run(probing.state, cut(4)).effects.map(brief)).toEqual(["timer 10000", "open 5 sse"]);
    expect(run(probing.state, timer).effects.map(brief)).toEqual(["drop 4", "timer 10000", "open 5 sse"]);
  });

  test("a probe that opens takes over, and the old link goes; it says why", () => {
    const { state, effects } = run(probing.state, opened(4));
    expect(effects.map(brief)).toEqual(["drop 3", "timer 10000"]);
    expect(state).toMatchObject({ current: { transport: "websocket" }, probe: undefined });
    expect(state.last?.why).toBe("websocket is better, and was tried again");
  });

  test("is tried ever more rarely, but at least each half an hour", () => {
    let state = grown.state;
    const waits: string[] = [];
    for (let i = 0; i < 8; i++) {
      state = run(state, timer).state;
      state = run(state, cut(newest(state))).state;
      const failed = run(state, cut(newest(state)));
      state = failed.state;
      waits.push(...failed.effects.map(brief));
    }
    const minutes = waits.map((wait) => Number(wait.replace("timer ", "")) / 60_000);
    expect(minutes).toEqual([1.5, 3, 6, 12, 22.5, 22.5, 22.5, 22.5]);
  });

  test("one that breaks soon falls back to what worked, and is probed later than before", () => {
    const back = run(probing.state, opened(4), cut(4), timer, opened(5));
    expect(back.state).toMatchObject({ current: { transport: "poll" } });
    expect(run(back.state, timer).effects.map(brief)).toEqual(["remember poll", `timer ${1.5 * PROBE_MS}`]);
  });

  test("the link in use ends while a probe is under way: both are over", () => {
    const { state, effects } = run(probing.state, cut(3));
    expect(state.name).toBe("waiting");
    expect(effects.map(brief)).toEqual(["drop 4", "timer 250"]);
  });

  test("nothing is probed while the best one is in use", () => {
    expect(run(open, timer).effects.map(brief)).toEqual(["remember websocket", "no timer"]);
  });
});

describe("sleep", () => {
  test("nothing stays open and nothing is tried until the device wakes", () => {
    expect(asleep.name).toBe("asleep");
    expect(run(asleep, { type: "wanted" }, timer, cut(1)).state).toBe(asleep);
    expect(run(asleep, { type: "woken", stale: false }).effects.map(brief)).toEqual([
      `timer ${RACE_MS}`,
      "open 2 websocket",
    ]);
  });

  test("what was used before goes on, at once", () => {
    const onSse = run(connecting, cut(1), opened(2), timer).state;
    const { state } = run(onSse, { type: "asleep" }, { type: "woken", stale: false });
    expect(state).toMatchObject({ name: "connecting", last: { transport: "sse" } });
  });

  test("waking up is no reason to leave a link that lives", () => {
    expect(run(open, { type: "woken", stale: false }).effects).toEqual([]);
    expect(run(connecting, { type: "woken", stale: false }).effects).toEqual([]);
  });
});
