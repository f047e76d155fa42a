/** The channels of jobs, for both ends. */
import { channel, contract, latest, text } from "eitherway/contract";
import * as v from "valibot";

export const MOST_QUESTION_CHARACTERS = 500;
export const MOST_FILE_BYTES = 256 * 1024 * 1024;

const amount = v.pipe(v.number(), v.integer(), v.minValue(0));

const jobId = v.pipe(v.string(), v.uuid());

const job = v.object({
  id: jobId,
  kind: v.picklist(["answer", "file"]),
  /** The question, or the name of the file. */
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(MOST_QUESTION_CHARACTERS)),
  /** Who writes the answer, or works on the file. */
  by: v.string(),
  /** Which desk runs it. Each server has one. */
  desk: v.string(),
  /** Milliseconds since 1970. */
  startedAt: amount,
  state: v.picklist(["running", "done", "failed", "cancelled"]),
  /** What it is at, for people: "Receiving". */
  step: v.string(),
  /** Bytes of a file, characters of an answer. */
  done: amount,
  /** Absent where nobody knows it before the end. */
  total: v.optional(amount),
});

const end = v.object({
  state: v.picklist(["done", "failed", "cancelled"]),
  /** Why it failed: a sentence. */
  why: v.optional(v.string()),
  tookMs: amount,
  done: amount,
  file: v.optional(v.object({ sha256: v.string(), bytes: amount, gzipBytes: amount })),
});

export type Job = v.InferOutput<typeof job>;
export type JobEnd = v.InferOutput<typeof end>;

export const progress = contract({
  /** All jobs, each as it stands. */
  jobs: channel("jobs", {
    events: { job: latest(job, { key: ({ id }) => id, every: "100ms" }) },
    calls: {
      ask: {
        in: v.object({ question: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MOST_QUESTION_CHARACTERS)) }),
        out: v.object({ id: v.string() }),
        errors: { busy: v.object({ most: v.number() }) },
      },
    },
    history: { age: "1d" },
  }),
  /** What one job makes, and how it ended: that is said once. */
  job: channel("job/:id", {
    events: { end },
    streams: { answer: text() },
    history: { age: "1d" },
  }),
  /** What a desk is told, from whatever server. */
  desk: channel("desk/:id", { events: { stop: v.object({ job: jobId }) } }),
  /** The desks that work now. */
  desks: channel("desks", { presence: v.object({}) }),
});
