/** What the server counts for its users, by a clock of the test. */
import { createFakeClock } from "eitherway/testing";
import { expect, test } from "vitest";
import { createHandOff } from "../notifications/hand-off.ts";
import type { Notification } from "../notifications/inbox.ts";
import { createInboxes } from "../notifications/inboxes.ts";

const GRACE_MS = 12_000;
const told = (id: string, own: Partial<Notification> = {}): Notification => ({
  id,
  at: 0,
  title: id,
  body: "",
  ...own,
});

test("a count is told when it becomes another one: by what comes, by reading and by expiry", () => {
  const clock = createFakeClock();
  const counts: [string, number][] = [];
  const inboxes = createInboxes({ clock, counted: (user, count) => counts.push([user, count]) });
  const expiresAt = clock.wall() + 5_000;
  expect(inboxes.add("ana", told("a"))).toBe(true);
  expect(inboxes.add("ana", told("b", { expiresAt }))).toBe(true);
  expect(inboxes.add("ana", told("a"))).toBe(false); // the same key
  expect(inboxes.markRead("ana", ["a"])).toBe(true);
  expect(inboxes.markRead("ana", ["a"])).toBe(false);
  inboxes.add("bo", told("c", { expiresAt }));
  clock.advance(4_999);
  expect(inboxes.isUnread("ana", "b")).toBe(true);
  clock.advance(1);
  expect(inboxes.isUnread("ana", "b")).toBe(false);
  expect(counts).toEqual([
    ["ana", 1],
    ["ana", 2],
    ["ana", 1],
    ["bo", 1],
    ["ana", 0],
    ["bo", 0],
  ]);
  inboxes.close();
  expect(clock.pending).toBe(0);
});

test("an expiry farther away than a timer can wait is met all the same", () => {
  const clock = createFakeClock();
  const shortTimers = {
    wall: clock.wall,
    after: (ms: number, run: () => void) => clock.after(Math.min(ms, 1_000), run),
  };
  const counts: number[] = [];
  const inboxes = createInboxes({ clock: shortTimers, counted: (_, count) => counts.push(count) });
  inboxes.add("ana", told("a", { expiresAt: clock.wall() + 2_500 }));
  clock.advance(2_499);
  expect(counts).toEqual([1]);
  clock.advance(1_000);
  expect(counts).toEqual([1, 0]);
});

interface Case {
  readonly title: string;
  /** At the publish, and after the time for which presence outlives a connection. */
  readonly connected: readonly [boolean, boolean];
  readonly isReadMeanwhile: boolean;
  readonly pushes: number;
}

const CASES: readonly Case[] = [
  { title: "nobody connected: one push", connected: [false, false], isReadMeanwhile: false, pushes: 1 },
  { title: "connected, and still: none", connected: [true, true], isReadMeanwhile: false, pushes: 0 },
  {
    title: "gone just before, which shows later: one push",
    connected: [true, false],
    isReadMeanwhile: false,
    pushes: 1,
  },
  { title: "read before leaving: none", connected: [true, false], isReadMeanwhile: true, pushes: 0 },
];

test.each(CASES)("$title", async ({ connected: [at, later], isReadMeanwhile, pushes }) => {
  const clock = createFakeClock();
  const pushed: string[] = [];
  let isConnected = at;
  let isRead = false;
  const handOff = createHandOff({
    clock,
    graceMs: GRACE_MS,
    isConnected: async () => isConnected,
    isWanted: () => !isRead,
    push: async (user, { id }) => void pushed.push(`${user} ${id}`),
  });
  await handOff.offer("ana", told("a"));
  expect(pushed).toHaveLength(at ? 0 : pushes);
  isConnected = later;
  isRead = isReadMeanwhile;
  clock.advance(GRACE_MS);
  await clock.settle();
  expect(pushed).toEqual(Array.from({ length: pushes }, () => "ana a"));
  expect(clock.pending).toBe(0);
  await handOff.offer("ana", told("b"));
  handOff.close();
  expect(clock.pending).toBe(0);
});
