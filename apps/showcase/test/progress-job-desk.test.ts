import { expect, test } from "vitest";
import type { Job, JobEnd } from "../progress/contract.ts";
import { createJobDesk, type JobControls, type Work } from "../progress/job-desk.ts";

const id = (number: number): string => `7c1b6a3e-0000-4000-8000-${String(number).padStart(12, "0")}`;
const plan = (number = 1) => ({ id: id(number), kind: "answer", title: "Why?", by: "By a test." }) as const;

function openDesk({ most = 8, said }: { readonly most?: number; readonly said?: JobEnd } = {}) {
  const told: Job[] = [];
  const ends: (JobEnd & { readonly id: string })[] = [];
  const errors: unknown[] = [];
  const desk = createJobDesk({
    id: "desk-1",
    most,
    now: () => 1_000,
    tell: (job) => told.push(job),
    async record(jobId, end) {
      ends.push({ id: jobId, ...end });
      return said ?? end;
    },
    onError: (error) => errors.push(error),
  });
  return { desk, told, ends, errors };
}

/** Work that goes on until it is told how it comes out. */
function openWork() {
  const outcome = openPromise();
  let controls: JobControls | undefined;
  const work: Work = (given) => {
    controls = given;
    given.signal.addEventListener("abort", () => outcome.reject(new Error("aborted")));
    return outcome.promise;
  };
  return { work, ...outcome, controls: () => controls as JobControls };
}

function openPromise() {
  let resolve: (file: JobEnd["file"]) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<JobEnd["file"]>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a job that comes to its end is done: told as running, recorded, told as done", async () => {
  const { desk, told, ends } = openDesk();
  const { work, resolve, controls } = openWork();
  expect(desk.start(plan(), work)).toBe("started");
  controls().report({ step: "Writing", done: 3 });
  resolve(undefined);
  await turn();
  expect(told.map(({ state, done, desk: at }) => [state, done, at])).toEqual([
    ["running", 0, "desk-1"],
    ["running", 3, "desk-1"],
    ["done", 3, "desk-1"],
  ]);
  expect(ends).toEqual([{ id: id(1), state: "done", tookMs: 0, done: 3 }]);
});

test("what its work throws is why a job failed", async () => {
  const { desk, ends } = openDesk();
  const { work, reject } = openWork();
  desk.start(plan(), work);
  reject(new Error("The model is away."));
  await turn();
  expect(ends).toEqual([{ id: id(1), state: "failed", why: "The model is away.", tookMs: 0, done: 0 }]);
});

test("a stop reaches the work, resolves when the end is recorded, and two of them make one end", async () => {
  const { desk, ends } = openDesk();
  const { work, controls } = openWork();
  desk.start(plan(), work);
  await Promise.all([desk.stop(id(1)), desk.stop(id(1))]);
  expect(controls().signal.aborted).toBe(true);
  expect(ends).toEqual([{ id: id(1), state: "cancelled", tookMs: 0, done: 0 }]);
});

test("a job that was stopped is cancelled, also where its work came to the end before it heard of it", async () => {
  const { desk, ends } = openDesk();
  const result = openPromise();
  desk.start(plan(), () => result.promise);
  const stopped = desk.stop(id(1));
  result.resolve(undefined);
  await stopped;
  expect(ends.map(({ state }) => state)).toEqual(["cancelled"]);
});

test("work that reports after its end changes nothing", async () => {
  const { desk, told } = openDesk();
  const { work, resolve, controls } = openWork();
  desk.start(plan(), work);
  resolve(undefined);
  await turn();
  const before = told.length;
  controls().report({ done: 99 });
  expect(told.length).toBe(before);
});

test("a stop of a job that is over, or was never here, does nothing", async () => {
  const { desk, ends } = openDesk();
  desk.start(plan(), async () => undefined);
  await turn();
  await desk.stop(id(1));
  await desk.stop(id(2));
  expect(ends.map(({ state }) => state)).toEqual(["done"]);
});

test("no more jobs run at once than the desk takes; the next one may begin when one has ended", async () => {
  const { desk } = openDesk({ most: 1 });
  desk.start(plan(1), openWork().work);
  expect(desk.start(plan(2), openWork().work)).toBe("busy");
  await desk.stop(id(1));
  expect(desk.start(plan(2), openWork().work)).toBe("started");
});

test("an id is used once, also after its job has ended", async () => {
  const { desk, ends } = openDesk();
  desk.start(plan(), async () => undefined);
  expect(desk.start(plan(), async () => undefined)).toBe("known");
  await turn();
  expect(desk.start(plan(), async () => undefined)).toBe("known");
  expect(ends.length).toBe(1);
});

test("a desk that closes ends every job as failed, and waits for that", async () => {
  const { desk, ends } = openDesk();
  desk.start(plan(1), openWork().work);
  desk.start(plan(2), openWork().work);
  await desk.close();
  expect(ends.map(({ state, why }) => [state, why])).toEqual([
    ["failed", "The server ended before the job did."],
    ["failed", "The server ended before the job did."],
  ]);
});

test("an end that cannot be recorded is an error of the desk, and gives its place free", async () => {
  const errors: unknown[] = [];
  const record = () => Promise.reject(new Error("full"));
  const desk = createJobDesk({ id: "desk-1", most: 1, tell() {}, record, onError: (error) => errors.push(error) });
  desk.start(plan(1), async () => undefined);
  await turn();
  expect(errors).toEqual([new Error("full")]);
  expect(desk.start(plan(2), async () => undefined)).toBe("started");
});

test("a job of a desk that is gone gets its end from another one, as failed, and is told so", async () => {
  const { desk, told, ends } = openDesk();
  const lost: Job = { ...plan(), desk: "desk-2", startedAt: 400, state: "running", step: "Writing", done: 3 };
  await desk.endLost(lost);
  const why = "The server that did this went away before its end.";
  expect(ends).toEqual([{ id: id(1), state: "failed", why, tookMs: 600, done: 3 }]);
  expect(told).toEqual([{ ...lost, state: "failed" }]);
});

test("a job that others took for lost stands as they said, whatever came of it here", async () => {
  const { desk, told } = openDesk({ said: { state: "failed", why: "It went away.", tookMs: 5, done: 0 } });
  desk.start(plan(), async () => undefined);
  await turn();
  expect(told.map(({ state }) => state)).toEqual(["running", "failed"]);
});

test("a job that was done when its desk went stands as done, though it was not told", async () => {
  const { desk, told } = openDesk({ said: { state: "done", tookMs: 5, done: 3 } });
  await desk.endLost({ ...plan(), desk: "desk-2", startedAt: 400, state: "running", step: "Writing", done: 3 });
  expect(told.map(({ state }) => state)).toEqual(["done"]);
});
