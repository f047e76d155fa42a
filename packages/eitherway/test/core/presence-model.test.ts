/** Presence against a model: 300 users with three tabs each, cut, reloaded and closed at random for an hour, on two nodes. */
import { describe, expect, test } from "vitest";
import { createPresenceWorld } from "./presence-world.ts";

const USERS = 300;
const TABS = 3;
const HOUR = 60 * 60_000;

describe("presence over random cuts and reloads", () => {
  test("joins and leaves equal the model, nobody flickers within the grace time, and snapshots are true at their id (P3, P8)", async () => {
    const seed = 7;
    const world = createPresenceWorld({ seed, users: USERS, tabs: TABS });
    await world.run(HOUR);
    const { told, expected, snapshots, counters } = world.outcome();

    expect(counters["presence.gathered"], "else times could not be compared").toBeUndefined();
    expect(world.differences()).toEqual([]);
    expect(told.length).toBe(2);
    expect(told[0]).toEqual(told[1]);
    expect(told[0]?.length).toBe(expected.length);
    expect(snapshots).toBeGreaterThan(100);
    expect(counters["presence.lapsed"]).toBeGreaterThan(500);
    expect(expected.filter(({ event }) => event === "leave").length).toBeGreaterThan(500);
  }, 60_000);
});
