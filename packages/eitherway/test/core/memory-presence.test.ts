/** What presence in memory does beyond the broker suite: its bounds, a process that stood still, and nothing left behind. */
import { describe, expect, test } from "vitest";
import type { Broker, Clock, Presence } from "../../src/core/index.ts";
import { createMemoryBroker } from "../../src/core/index.ts";
import { ALL, draft, HOUR, start } from "./memory-broker-support.ts";

const LEASE_MS = 10_000;
const MINUTE = 60_000;

describe("memory presence", () => {
  test("counts members and their clients as bytes of the logs, and lets them go to the last one (P6)", async () => {
    const { broker, clock } = start({ keyWindowMs: MINUTE, retention: { ageMs: MINUTE } });
    for (let n = 0; n < 100; n++) await enter(broker, `m${n}`, "1");
    const { logBytes } = broker.sizes();
    await presenceOf(broker).touch("room", { member: "m1", holder: "another tab", state: '"longer"' }, LEASE_MS);
    expect(broker.sizes().logBytes).toBeGreaterThan(logBytes);
    expect(logBytes).toBeGreaterThan(100 * 1_000);
    clock.advance(LEASE_MS + MINUTE + 30_000);
    expect(broker.sizes()).toEqual({ channels: 0, logBytes: 0, keys: 0 });
    clock.advance(MINUTE);
    expect(clock.pending).toBe(0);
  });

  test("refuses a member that does not fit into limits.logBytes, and has done nothing then (P6)", async () => {
    const { broker } = start({ limits: { logBytes: 3_000 } });
    await enter(broker, "ana", "1");
    await expect(enter(broker, "bo", JSON.stringify("x".repeat(2_000)))).rejects.toMatchObject({
      code: "storage-full",
    });
    expect(await namesOf(broker)).toEqual(["ana"]);
    await enter(broker, "ana", "2");
    expect(await namesOf(broker)).toEqual(["ana"]);
  });

  test("tells what did not fit into a full store once there is room, and lists it only then (P4, P8)", async () => {
    const { broker, clock, counters } = start({
      limits: { logBytes: 3_400 },
      retention: { ageMs: MINUTE },
      keyWindowMs: MINUTE,
    });
    await broker.publish("room", [draft("x".repeat(2_000))]);
    await enter(broker, "ana", "1", HOUR);
    expect(await namesOf(broker)).toEqual([]);
    expect(counters["presence.put-off"]).toBe(1);
    clock.advance(MINUTE + 15_000);
    expect(await namesOf(broker)).toEqual(["ana"]);
  });

  test("a channel too many is too-many-channels, and nobody is held there (P6)", async () => {
    const { broker } = start({ limits: { channels: 1 } });
    await broker.publish("other", [draft("x")]);
    await expect(enter(broker, "ana", "1")).rejects.toMatchObject({ code: "too-many-channels" });
    expect(await presenceOf(broker).list("room")).toEqual({ members: [], at: undefined });
  });

  test("counts joins, updates, leaves, leases that ended and changes that waited", async () => {
    const { broker, clock, counters } = start({ limits: { presenceDiffs: 2 } });
    await enter(broker, "ana", "1");
    await enter(broker, "ana", "2");
    await enter(broker, "ana", "3");
    clock.advance(LEASE_MS + 500);
    expect(counters).toMatchObject({
      "presence.joins": 1,
      "presence.updates": 2,
      "presence.leaves": 1,
      "presence.lapsed": 1,
      "presence.gathered": 1,
    });
  });

  test("many leases that end at once are told at the pace of limits.presenceDiffs, each once (P6, P8)", async () => {
    const { broker, clock } = start({ limits: { presenceDiffs: 10 } });
    for (let n = 0; n < 50; n++) {
      await enter(broker, `m${n}`, "1", HOUR);
      clock.advance(100);
    }
    await presenceOf(broker).renew([], 1);
    clock.advance(HOUR - 100);
    for (let n = 0; n < 10; n++) clock.advance(1_000);
    expect(await namesOf(broker)).toEqual([]);
    const page = await broker.read("@presence/room", "start", ALL);
    expect(page.kind === "messages" && page.messages.filter(({ event }) => event === "leave")).toHaveLength(50);
  });

  test("a process that stood still does not take it for the silence of everybody else (P8)", async () => {
    const { clock, leap } = createStallingClock();
    const broker = createMemoryBroker({ clock, random: () => 0.5 });
    await enter(broker, "ana", "1");
    leap(30_000);
    expect(await namesOf(broker)).toEqual(["ana"]);
    leap(LEASE_MS + 500);
    expect(await namesOf(broker)).toEqual([]);
  });

  test("is gone with its broker, and leaves no timer (P10)", async () => {
    const { broker, clock } = start();
    await enter(broker, "ana", "1");
    await broker.close();
    expect(clock.pending).toBe(0);
    await expect(enter(broker, "ana", "1")).rejects.toMatchObject({ code: "unavailable" });
  });
});

/** A clock whose timers all come late: what is due runs once at the end of a leap. */
function createStallingClock(): { readonly clock: Clock; leap(ms: number): void } {
  let now = 1_000;
  let timers: { readonly due: number; readonly run: () => void }[] = [];
  return {
    clock: {
      wall: () => now,
      now: () => now,
      after(ms, run) {
        const timer = { due: now + ms, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
      defer: (run) => run(),
    },
    leap(ms) {
      now += ms;
      const due = timers.filter((timer) => timer.due <= now);
      timers = timers.filter((timer) => timer.due > now);
      for (const { run } of due) run();
    },
  };
}

function presenceOf({ presence }: Broker): Presence {
  if (!presence) throw new Error("the memory broker keeps presence");
  return presence;
}

function enter(broker: Broker, member: string, state: string, leaseMs = LEASE_MS): Promise<void> {
  return presenceOf(broker).touch("room", { member, holder: member, state }, leaseMs);
}

async function namesOf(broker: Broker): Promise<string[]> {
  return (await presenceOf(broker).list("room")).members.map(({ member }) => member);
}
