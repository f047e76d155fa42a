import { describe, expect, it } from "vitest";
import { type Heard, playRound, type RoundMessage, type RoundPlan, type Way } from "../../src/instrument/index.ts";

const PLAN: RoundPlan = { trace: { messages: 10, everyMs: 2, fill: "" }, burstMs: 5, patienceMs: 50 };

/** Milliseconds that pass at once when somebody waits for them. */
function createClock() {
  let now = 0;
  return {
    now: () => now,
    after(ms: number, run: () => void) {
      const due = now + ms;
      let active = true;
      const look = (): void => {
        if (!active) return;
        now = Math.max(now, due);
        run();
      };
      setTimeout(look, ms);
      return () => {
        active = false;
      };
    },
  };
}

interface Faults {
  /** What becomes of a delivery: how often it comes. */
  readonly deliveries?: (number: number) => number;
  readonly arrivals?: (number: number) => number;
  readonly answers?: (number: number) => boolean;
}

function createWay(clock: { now(): number }, faults: Faults): Way & { closed: boolean } {
  const { deliveries = () => 1, arrivals = () => 1, answers = () => true } = faults;
  let listener = (_: RoundMessage): void => {};
  const heard: Heard[] = [];
  return {
    closed: false,
    async open() {},
    publish({ part, number, at }) {
      for (let count = arrivals(number); count > 0; count--) heard.push({ part, number, delayMs: clock.now() - at });
      return answers(number) ? new Promise((resolve) => setImmediate(resolve)) : new Promise(() => {});
    },
    async order({ messages, fill }) {
      for (let number = 0; number < messages; number++) {
        const message: RoundMessage = { part: "down", number, at: clock.now(), fill };
        for (let count = deliveries(number); count > 0; count--) listener(message);
      }
    },
    onMessage(next) {
      listener = next;
    },
    heard: async () => heard.splice(0),
    async close() {
      this.closed = true;
    },
  };
}

async function play(faults: Faults) {
  const clock = createClock();
  const way = createWay(clock, faults);
  const result = await playRound(way, PLAN, clock);
  expect(way.closed).toBe(true);
  return result;
}

describe("a round", () => {
  it("counts every message of both directions, and loses none on a way that loses none", async () => {
    const { sent, lost, doubled, deliveryMs, roundTripMs, upstreamMs, upPerSecond } = await play({});
    expect([lost, doubled]).toEqual([0, 0]);
    expect([deliveryMs.length, roundTripMs.length, upstreamMs.length]).toEqual([10, 10, 10]);
    expect(sent).toBeGreaterThan(20); // the burst as well
    expect(upPerSecond).toBeGreaterThan(0);
  });

  it("counts deliveries that are lost or come twice", async () => {
    expect(await play({ deliveries: (number) => (number === 3 ? 0 : 1) })).toMatchObject({ lost: 1, doubled: 0 });
    expect(await play({ deliveries: (number) => (number === 3 ? 2 : 1) })).toMatchObject({ lost: 0, doubled: 1 });
  });

  it("counts publishes as the far end got them", async () => {
    const lossy = await play({ arrivals: (number) => (number === 0 ? 0 : 1) });
    expect(lossy).toMatchObject({ lost: 2, doubled: 0 }); // number 0 of the trace and of the burst
    expect(await play({ arrivals: (number) => (number === 0 ? 3 : 1) })).toMatchObject({ lost: 0, doubled: 4 });
  });

  it("waits for answers with patience, not for ever", async () => {
    const { roundTripMs, lost } = await play({ answers: (number) => number !== 4 });
    expect(roundTripMs).toHaveLength(9);
    expect(lost).toBe(0); // it arrived
  });

  it("closes a way that fails, and rejects", async () => {
    const clock = createClock();
    const way = createWay(clock, {});
    const failing = { ...way, closed: false, open: () => Promise.reject(new Error("refused")) };
    await expect(playRound(failing, PLAN, clock)).rejects.toThrow("refused");
    expect(failing.closed).toBe(true);
  });
});
