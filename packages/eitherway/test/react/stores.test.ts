/** The stores without React: a real client, whose links and history the test plays, and a clock that only the test moves. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createCallsStore } from "../../src/react/calls-store.ts";
import { type EventsOptions, openEventsStore } from "../../src/react/events-store.ts";
import { openLatestStore } from "../../src/react/latest-store.ts";
import { createSharedStores } from "../../src/react/shared-stores.ts";
import { createCell } from "../../src/react/store.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { createStage, idOf, runOf } from "../client/support.ts";

const CHANNEL = "room/42";
const FRAME_MS = 17;
/** Of a screen with 144 of them a second. */
const FAST_FRAME_MS = 7;

/** Requests for history that wait for their answers. */
function playHistory() {
  const requests: { readonly url: string; answer(response: Response): void }[] = [];
  vi.stubGlobal(
    "fetch",
    (url: string) => new Promise<Response>((answer) => requests.push({ url: decodeURIComponent(url), answer })),
  );
  onTestFinished(() => void vi.unstubAllGlobals());
  return requests;
}

/** A page of history with these numbers as texts. */
function pageOf(first: number, last: number, oldest = 1): Response {
  const messages = range(first, last).map((seq) => ({ id: idOf(seq), event: "message", at: 0, text: String(seq) }));
  return Response.json({ channel: CHANNEL, messages, oldest: idOf(oldest), head: idOf(last) });
}

const refusal = (): Response => Response.json({ error: { code: "unavailable", message: "Not now." } }, { status: 503 });

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

async function open(options: EventsOptions) {
  const requests = playHistory();
  const stage = createStage();
  const store = openEventsStore({
    ...{ client: stage.client, clock: stage.clock, event: "message" },
    address: { name: CHANNEL, params: undefined },
    ...options,
  });
  await stage.settle();
  return {
    ...{ requests, store, stage },
    live: (seq: number) => stage.link.say({ t: "live", channel: CHANNEL, id: idOf(seq) }),
    run: (first: number, last: number) => stage.link.say(runOf(CHANNEL, first, ...range(first, last).map(String))),
    gap: (head: number) =>
      stage.link.say({ t: "gap", channel: CHANNEL, why: "trimmed", oldest: idOf(head - 2), head: idOf(head) }),
    async shown() {
      await stage.pass(FRAME_MS);
      await stage.settle();
      return store.read().items.map(({ data }) => Number(data));
    },
    link: () => stage.link,
  };
}

/** A list that has been read: 3 to 5 are shown. */
async function openRead() {
  const opened = await open({ history: 3 });
  opened.live(5);
  await opened.shown();
  opened.requests[0]?.answer(pageOf(3, 5));
  await opened.shown();
  return opened;
}

describe("the list of events", () => {
  test("history is read once the place of the subscription is known, not before (P2)", async () => {
    const { requests, live, stage } = await open({ history: 3 });
    expect(requests).toHaveLength(0);
    live(5);
    await stage.settle();
    expect(requests.map(({ url }) => url)).toEqual([`http://127.0.0.1/eitherway/channels/${CHANNEL}?limit=3`]);
  });

  test("what came before history was there, and is in it as well, is shown once (P2)", async () => {
    const { requests, live, run, shown } = await open({ history: 5 });
    live(5);
    run(6, 7);
    expect(await shown()).toEqual([6, 7]);
    requests[0]?.answer(pageOf(3, 7));
    expect(await shown()).toEqual([3, 4, 5, 6, 7]);
    run(8, 8);
    expect(await shown()).toEqual(range(3, 8));
  });

  test("what history brought first, and comes then, is shown once (P2)", async () => {
    const { requests, live, run, shown } = await open({ history: 5 });
    live(5);
    await shown();
    requests[0]?.answer(pageOf(3, 7));
    expect(await shown()).toEqual(range(3, 7));
    run(6, 9);
    expect(await shown()).toEqual(range(3, 9));
  });

  test("after a gap the old list stays until the new one is there, which is as long (P2)", async () => {
    const { requests, run, gap, shown, store } = await openRead();
    gap(20);
    run(21, 21);
    expect(await shown()).toEqual([3, 4, 5]);
    expect(store.read().gap).toMatchObject({ why: "trimmed", head: idOf(20) });
    requests[1]?.answer(pageOf(19, 21, 18));
    expect(await shown()).toEqual([19, 20, 21]);
    run(22, 22);
    expect(await shown()).toEqual(range(19, 22));
  });

  test("is not live after a gap until it has been read anew: what comes does not show before", async () => {
    const { requests, gap, shown, store } = await openRead();
    expect(store.read().live).toBe(true);
    gap(20);
    await shown();
    expect(store.read().live).toBe(false);
    requests[1]?.answer(pageOf(18, 20, 18));
    await shown();
    expect(store.read().live).toBe(true);
  });

  test("after a gap, where the new list could not be read, the old one stays until something new comes (P2)", async () => {
    const { requests, run, gap, shown, store } = await openRead();
    gap(20);
    await shown();
    requests[1]?.answer(refusal());
    expect(await shown()).toEqual([3, 4, 5]);
    expect(store.read()).toMatchObject({ error: { code: "unavailable" }, live: false, hasOlder: true });
    run(21, 21); // does not join up with what was there
    expect(await shown()).toEqual([21]);
    expect(store.read().live).toBe(true);
    store.read().loadOlder();
    await shown();
    requests[2]?.answer(pageOf(19, 21, 18));
    expect(await shown()).toEqual([19, 20, 21]);
    expect(store.read().error).toBeUndefined();
  });

  test("after a gap, where the new list could not be read, what came meanwhile is shown (P2)", async () => {
    const { requests, run, gap, shown } = await openRead();
    gap(20);
    run(21, 21);
    expect(await shown()).toEqual([3, 4, 5]);
    requests[1]?.answer(refusal());
    expect(await shown()).toEqual([21]);
  });

  test("after a gap, where the new list could not be read at first, it is read over the next link (P2)", async () => {
    const { requests, live, gap, shown, stage } = await openRead();
    gap(20);
    await shown();
    requests[1]?.answer(refusal());
    await shown();
    stage.link.end();
    await stage.pass(60_000);
    live(20);
    expect(await shown()).toEqual([3, 4, 5]);
    requests[2]?.answer(pageOf(18, 20, 18));
    expect(await shown()).toEqual([18, 19, 20]);
  });

  test("history that was asked for before a gap is not joined to what comes after it (P2)", async () => {
    const { requests, live, gap, shown } = await open({ history: 3 });
    live(5);
    await shown();
    gap(20);
    await shown();
    requests[0]?.answer(pageOf(3, 5));
    expect(await shown()).toEqual([]);
    requests[1]?.answer(pageOf(18, 20, 18));
    expect(await shown()).toEqual([18, 19, 20]);
  });

  test("history that does not join up any more, since the list was pushed out meanwhile, is let go (P2)", async () => {
    const { requests, live, run, shown, store } = await open({ history: 3, keep: 3 });
    live(5);
    run(6, 12);
    await shown();
    requests[0]?.answer(pageOf(3, 5));
    expect(await shown()).toEqual([10, 11, 12]);
    expect(store.read().hasOlder).toBe(true);
    store.read().loadOlder();
    await shown();
    expect(requests[1]?.url).toContain(`before=${idOf(10)}`);
    requests[1]?.answer(pageOf(7, 9));
    expect(await shown()).toEqual(range(7, 12));
  });

  test("history that could not be read is an error, and is read again over the next link", async () => {
    const { requests, live, shown, store, stage } = await open({ history: 3 });
    live(5);
    await shown();
    requests[0]?.answer(refusal());
    await shown();
    expect(store.read().error).toMatchObject({ code: "unavailable", message: "Not now." });
    stage.link.end();
    await stage.pass(60_000);
    expect(store.read().live).toBe(false);
    live(5);
    await shown();
    requests[1]?.answer(pageOf(3, 5));
    expect(await shown()).toEqual([3, 4, 5]);
    expect(store.read()).toMatchObject({ error: undefined, live: true });
  });
});

describe("a cell", () => {
  test("tells of the first change at the end of its turn, and of those behind it together a frame later", async () => {
    const clock = createFakeClock();
    let value = 0;
    const cell = createCell(clock, () => value);
    const told: number[] = [];
    cell.watch(() => told.push(cell.read()));
    for (value = 1; value < 1_000; value++) cell.touch();
    expect([cell.read(), told]).toEqual([0, []]);
    await clock.settle();
    expect(told).toEqual([1_000]);
    for (value = 1; value < 1_000; value++) {
      cell.touch();
      await clock.settle();
    }
    expect(told).toEqual([1_000]);
    clock.advance(FRAME_MS);
    expect(told).toEqual([1_000, 1_000]);
    clock.advance(FRAME_MS);
    expect([told.length, clock.pending]).toEqual([2, 0]);
  });
});

describe("cells of one clock", () => {
  test("tell together, so that many stores render once a frame", async () => {
    const clock = createFakeClock();
    const told: string[] = [];
    const [one, other] = ["one", "other"].map((name) => {
      const cell = createCell(clock, () => name);
      cell.watch(() => told.push(name));
      return cell;
    });
    one?.touch();
    other?.touch();
    await clock.settle();
    expect(told).toEqual(["one", "other"]);
    clock.advance(FRAME_MS / 2);
    other?.touch();
    await clock.settle();
    one?.touch();
    await clock.settle();
    expect(told).toHaveLength(2);
    clock.advance(FRAME_MS / 2);
    expect(told).toEqual(["one", "other", "other", "one"]);
    clock.advance(FRAME_MS);
    expect(clock.pending).toBe(0);
  });
});

describe("calls of a component", () => {
  test("one that is answered is shown as expected for a frame more, also when another one failed", async () => {
    const clock = createFakeClock();
    const answers: ((answer: unknown) => void)[] = [];
    const send = () => new Promise<unknown>((answer) => answers.push(answer));
    const store = createCallsStore({
      client: { status: createStage().client.status, on: () => () => {}, channel: () => ({ call: { send } }) },
      clock: { after: (ms, run) => clock.after(ms, run), nextFrame: (run) => void clock.after(FAST_FRAME_MS, run) },
      address: { name: CHANNEL, params: undefined },
      name: "send",
      optimistic: (input) => [input],
    });
    const shown = () => store.read().optimistic.map(({ data }) => data);
    store.watch(() => {});
    void store.call("fails");
    void store.call("comes");
    answers[0]?.(Promise.reject(new Error("no")));
    await clock.settle();
    clock.advance(FRAME_MS);
    expect(shown()).toEqual(["comes"]);
    answers[1]?.(undefined);
    await clock.settle();
    clock.advance(2 * FAST_FRAME_MS);
    expect(shown()).toEqual(["comes"]);
    clock.advance(FRAME_MS);
    await clock.settle();
    expect(shown()).toEqual([]);
  });
});

test("a call whose optimistic value cannot be made is not made, and says so as its error", async () => {
  const { client, clock } = createStage();
  let calls = 0;
  const store = createCallsStore({
    client: {
      status: client.status,
      on: () => () => {},
      channel: () => ({ call: { send: async () => void calls++ } }),
    },
    clock,
    address: { name: CHANNEL, params: undefined },
    name: "send",
    optimistic() {
      throw new TypeError("no text");
    },
  });
  store.watch(() => {});
  await expect(store.call({})).rejects.toThrow("no text");
  await clock.settle();
  expect(calls).toBe(0);
  const { error, pending } = store.read();
  expect([error?.message, pending]).toEqual(["Call send ended without an answer: TypeError: no text.", false]);
});

test("the newest values are not live before what the log has of them is there", async () => {
  const requests = playHistory();
  const stage = createStage();
  const { client, clock } = stage;
  const address = { name: CHANNEL, params: undefined };
  const store = openLatestStore({ client, clock, address, event: "message", keyOf: String });
  await stage.settle();
  stage.link.say({ t: "live", channel: CHANNEL, id: idOf(5) });
  await stage.pass(FRAME_MS);
  expect(store.read().live).toBe(false);
  requests[0]?.answer(pageOf(3, 5, 3));
  await stage.settle();
  await stage.pass(FRAME_MS);
  expect([[...store.read().values.keys()], store.read().live]).toEqual([["3", "4", "5"], true]);
});

describe("shared stores", () => {
  test("one store for equal keys, from the first watcher until a moment after the last", () => {
    const clock = createFakeClock();
    const events: string[] = [];
    const stores = createSharedStores(clock);
    const source = () =>
      stores.source("a", "nothing", () => {
        events.push("open");
        return { ...createCell(clock, () => "something"), close: () => void events.push("close") };
      });
    expect(source().read()).toBe("nothing");
    expect(events).toEqual([]); // rendering begins nothing
    const undo = source().watch(() => {});
    const other = source().watch(() => {});
    expect([source().read(), events]).toEqual(["something", ["open"]]);
    undo();
    other();
    clock.advance(900);
    const back = source().watch(() => {});
    clock.advance(5_000);
    expect(events).toEqual(["open"]);
    back();
    clock.advance(1_000);
    expect([events, source().read(), clock.pending]).toEqual([["open", "close"], "nothing", 0]);
  });
});

test("the newest values need a key, by a contract or an option (P12)", () => {
  const { client, clock } = createStage();
  const address = { name: CHANNEL, params: undefined };
  expect(() => openLatestStore({ client, clock, address, event: "tick", keyOf: undefined })).toThrow(
    'useLatest was given no key for the values of "tick"; give { key: (data) => … }, or a contract in which the event is latest.',
  );
});
