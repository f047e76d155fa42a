/** What jobs are called on the page. */
import type { Job, JobEnd } from "./contract.ts";

const UNITS = ["B", "kB", "MB", "GB"];

/** `1.5 MB`. */
export function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / 1000 ** power;
  return `${power === 0 ? amount : amount.toPrecision(3)} ${UNITS[power]}`;
}

/** `0.4 s`, `2 min 5 s`. */
export function timeOf(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export function amountOf({ kind, done, total }: Pick<Job, "kind" | "done" | "total">): string {
  if (kind === "answer") return `${done} characters`;
  return total === undefined || total === done ? sizeOf(done) : `${sizeOf(done)} of ${sizeOf(total)}`;
}

const STATES: Readonly<Record<Job["state"], string>> = {
  running: "Running",
  done: "Done",
  failed: "Failed",
  cancelled: "Stopped",
};

/** @param end as soon as it is known: it is the truth, and the list may be a moment behind */
export function stateOf(job: Pick<Job, "state" | "step">, end?: JobEnd): string {
  const state = end?.state ?? job.state;
  return state === "running" ? job.step : STATES[state];
}
