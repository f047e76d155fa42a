import { expect, test } from "vitest";
import type { Job } from "../progress/contract.ts";
import { createLostJobs } from "../progress/lost-jobs.ts";

const jobOf = (desk: string, more: Partial<Job> = {}): Job => ({
  id: `job of ${desk}`,
  kind: "answer",
  title: "Why?",
  by: "By a test.",
  desk,
  startedAt: 0,
  state: "running",
  step: "Writing",
  done: 0,
  ...more,
});

function open(...present: readonly string[]) {
  const desks = new Set(present);
  const ended: string[] = [];
  const errors: unknown[] = [];
  const jobs = createLostJobs({
    present: async () => new Set(desks),
    async end({ id }) {
      ended.push(id);
    },
    onError: (error) => errors.push(error),
  });
  return { jobs, desks, ended, errors };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the jobs of a desk that went are ended, and those of the others are not", async () => {
  const { jobs, desks, ended } = open("one", "two");
  for (const desk of desks) jobs.heard(jobOf(desk));
  jobs.look();
  await turn();
  expect(ended).toEqual([]);
  desks.delete("two");
  jobs.look();
  await turn();
  expect(ended).toEqual(["job of two"]);
});

test("a job that is heard of after its desk has gone is ended as well", async () => {
  const { jobs, ended } = open("one");
  jobs.heard(jobOf("two"));
  await turn();
  expect(ended).toEqual(["job of two"]);
});

test("a job that is over needs no other end, also where that is heard while the desks are asked for", async () => {
  const { jobs, ended } = open();
  jobs.heard(jobOf("one"));
  jobs.heard(jobOf("one", { state: "done" }));
  await turn();
  jobs.look();
  await turn();
  expect(ended).toEqual([]);
});

test("a look at the desks that fails is an error, and the next one finds what it would have found", async () => {
  const ended: string[] = [];
  const errors: unknown[] = [];
  const answers = [Promise.reject(new Error("away")), Promise.resolve(new Set<string>())];
  const jobs = createLostJobs({
    present: () => answers.shift() ?? Promise.resolve(new Set()),
    end: async ({ id }) => void ended.push(id),
    onError: (error) => errors.push(error),
  });
  jobs.heard(jobOf("one"));
  await turn();
  expect([errors, ended]).toEqual([[new Error("away")], []]);
  jobs.look();
  await turn();
  expect(ended).toEqual(["job of one"]);
});
