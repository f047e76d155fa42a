import { describe, expect, test } from "vitest";
import { createRoom, type Room } from "../../src/core/room.ts";

/** Asks for room; `order` gets the name when it is let in. */
function enter(room: Room, name: string, bytes: number, order: string[]): void {
  const wait = room.enter(bytes);
  if (wait === undefined) order.push(name);
  else void wait.then(() => order.push(name));
}

describe("room", () => {
  test("lets in at once while there is some, then one after the other, in the order they came (P1)", async () => {
    const room = createRoom(100);
    const order: string[] = [];
    for (const name of ["a", "b", "c", "d"]) enter(room, name, 50, order);
    expect(order).toEqual(["a", "b"]);
    room.use(50); // a has announced
    room.leave(50);
    room.use(50);
    room.leave(50);
    await Promise.resolve();
    expect(order).toEqual(["a", "b"]); // announced is not flushed
    room.use(-50);
    await Promise.resolve();
    expect(order).toEqual(["a", "b", "c"]);
    enter(room, "late", 1, order);
    room.use(-50);
    room.leave(50);
    await Promise.resolve();
    expect(order).toEqual(["a", "b", "c", "d", "late"]);
  });

  test("what waits is bounded like what is on its way; the refusal says the limit (P6, P12)", () => {
    const room = createRoom(100);
    room.use(100);
    void room.enter(60);
    expect(() => room.enter(60)).toThrow(
      expect.objectContaining({ code: "unavailable", message: expect.stringMatching(/60 bytes.*100/) }),
    );
    void room.enter(40);
  });

  test("one publish larger than the whole room still has its turn", async () => {
    const room = createRoom(100);
    const order: string[] = [];
    room.use(100);
    enter(room, "large", 1_000, order);
    room.use(-100);
    await Promise.resolve();
    expect(order).toEqual(["large"]);
  });
});
