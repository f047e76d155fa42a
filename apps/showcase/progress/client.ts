/** The client of jobs: what the page calls, and what it shows. */
import { createClient } from "eitherway/client";
import { createHooks } from "eitherway/react";
import { createShaper } from "../frame/shaper.ts";
import { type Job, type JobEnd, MOST_FILE_BYTES, progress } from "./contract.ts";
import { sizeOf } from "./wording.ts";

export const shaper = createShaper();
export const client = createClient(progress, { url: "/progress/eitherway", transports: shaper.transports });
const { useCall, useEvents, useLatest, useStream } = createHooks(client);

export interface JobList {
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** What is not in the list is not known to the server. */
  readonly isWhole: boolean;
}

export function useJobs(): JobList {
  const { values, live } = useLatest("jobs", "job");
  return { jobs: [...values.values()].sort((one, other) => other.startedAt - one.startedAt), isWhole: live };
}

/** The one record of how a job ended. */
export function useEnd(id: string): JobEnd | undefined {
  return useEvents("job", { id }, "end", { history: 1 }).items[0]?.data;
}

export function useAnswer(id: string): string {
  return useStream("job", { id }, "answer").text;
}

export interface Asking {
  /** @returns the job, which goes on whatever becomes of this page; `undefined`: see `failure` */
  ask(question: string): Promise<string | undefined>;
  readonly isPending: boolean;
  readonly failure: string | undefined;
}

export function useAsking(): Asking {
  const { call, pending, error } = useCall("jobs", "ask");
  return {
    async ask(question) {
      const answer = await call({ question }).catch(() => undefined); // it is in `error`
      return answer?.id;
    },
    isPending: pending,
    failure: error && wordsOf(error),
  };
}

/** Reaches the work itself, from whatever page and over whatever server: resolves once the desk is sure to hear of it. */
export async function stop({ id, desk }: Job): Promise<void> {
  await client.channel("desk", { id: desk }).publish("stop", { job: id });
}

/**
 * Sends a file: its job has the id given. How far it is, and how it ended, the job tells; this tells only why there is none.
 *
 * @throws Error with a sentence for people
 */
export async function sendFile(file: File, id: string): Promise<void> {
  if (file.size > MOST_FILE_BYTES) {
    throw new Error(`${file.name} has ${sizeOf(file.size)}; at most ${sizeOf(MOST_FILE_BYTES)} are taken here.`);
  }
  const url = `/progress/files/${id}?${new URLSearchParams({ name: file.name })}`;
  const response = await fetch(url, { method: "PUT", body: file }).catch(() => undefined); // broken off: the job says so
  if (response?.status === 409 || response?.status === 503) throw new Error((await response.json()).message);
}

function wordsOf({ code, message, details }: { code: string; message: string; details?: unknown }): string {
  const { name, data } = (details ?? {}) as { name?: string; data?: { most: number } };
  if (code === "call-failed" && name === "busy")
    return `${data?.most} jobs run already; stop one, or wait for its end.`;
  return message;
}
