import { describe, expect, test } from "vitest";
import { createIteration } from "../../src/client/iteration.ts";
import { idOf } from "./support.ts";

function iterate() {
  const log: string[] = [];
  const iteration = createIteration<number>({
    pause: () => log.push("pause"),
    resume: () => log.push("resume"),
    leave: () => log.push("leave"),
  });
  return { iteration, log };
}

describe("an iteration", () => {
  test("hands values over in order, whether they or the loop come first", async () => {
    const { iteration } = iterate();
    iteration.push(1, "start");
    const taken = [iteration.next(), iteration.next(), iteration.next()];
    iteration.push(2, "start");
    iteration.push(3, "start");
    expect((await Promise.all(taken)).map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  test("pauses its source at 1,000 values and resumes it when half are taken (P6)", async () => {
    const { iteration, log } = iterate();
    for (let i = 0; i < 1_005; i++) iteration.push(i, "start"); // what was on its way still comes
    expect(log).toEqual(["pause"]);
    for (let i = 0; i < 504; i++) await iteration.next();
    expect(log).toEqual(["pause"]);
    await iteration.next();
    expect(log).toEqual(["pause", "resume"]);
  });

  test("gives what waits before it ends, and its error once", async () => {
    const { iteration, log } = iterate();
    iteration.push(1, "start");
    iteration.finish(new Error("refused"));
    expect(await iteration.next()).toEqual({ done: false, value: 1 });
    await expect(iteration.next()).rejects.toThrow("refused");
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
    expect(log).toEqual(["leave"]);
  });

  test("ends those who wait", async () => {
    const { iteration } = iterate();
    const taken = [iteration.next(), iteration.next()];
    iteration.finish();
    expect((await Promise.all(taken)).map(({ done }) => done)).toEqual([true, true]);
  });

  test("stands before the value in its hands until it asks for the next (P3)", async () => {
    const { iteration } = iterate();
    expect(iteration.place).toBeUndefined();
    const first = iteration.next();
    iteration.push(1, idOf(0));
    iteration.push(2, idOf(1));
    await first;
    expect(iteration.place).toBe(idOf(0));
    await iteration.next();
    expect(iteration.place).toBe(idOf(1));
    void iteration.next();
    expect(iteration.place).toBeUndefined();
  });

  test("leaves its source once when the loop is left", async () => {
    const { iteration, log } = iterate();
    iteration.push(1, "start");
    await iteration.return();
    await iteration.return();
    iteration.push(2, "start");
    expect(await iteration.next()).toEqual({ done: true, value: undefined });
    expect(log).toEqual(["leave"]);
  });
});
