/**
 * The server of jobs: clients ask, look and stop; the work belongs to none of them. Over a broker that several servers share, a client
 * of any of them sees and stops the jobs of all, and a job whose server is lost gets its end from another one.
 */
import { randomUUID } from "node:crypto";
import { EitherwayError, eitherway, type NodeEitherwayOptions } from "eitherway";
import { createClient, readHistory } from "eitherway/client";
import { logger } from "../server/logger.ts";
import type { UseCase } from "../server/use-case.ts";
import { inBatches } from "./batches.ts";
import type { JobEnd } from "./contract.ts";
import { progress } from "./contract.ts";
import { createJobDesk, type Work } from "./job-desk.ts";
import { createLostJobs } from "./lost-jobs.ts";
import { createModel } from "./model.ts";
import { pageWriter } from "./page-writer.ts";
import { createUploads } from "./uploads.ts";
import type { Writer } from "./writer.ts";

/** Too short to be seen, and most of a model's messages are spared. */
const BATCH_MS = 30;
/** Jobs that the list remembers; those that changed longest ago go first. */
const LISTED = 50;

export interface ProgressOptions extends Pick<NodeEitherwayOptions, "broker" | "trustProxy"> {
  readonly writer?: Writer;
}

export function createProgress({ writer = writerOf(process.env), ...shared }: ProgressOptions = {}): UseCase {
  const ew = eitherway(progress, { ...shared, logger, limits: { latestKeys: LISTED } });
  /** What this server hears of the others comes as to any client, without a network. */
  const inside = createClient(progress, {
    url: "http://localhost/eitherway",
    transport: "sse",
    fetch: (url, init) => ew.fetch(new Request(url, init)),
  });
  const onError = (error: unknown): void => console.error("What a job has to say could not be published:", error);
  inside.on("error", onError);
  const isPresent = inside.channel("desks").presence.set({});
  const desk = createJobDesk({
    id: inside.id,
    tell: async (job) => {
      await isPresent; // or others would take its first job for lost
      await ew.publish("jobs", "job", job);
    },
    record: recordEnd,
    onError,
  });
  const uploads = createUploads(desk);
  inside.channel("desk", { id: inside.id }, { from: "start" }).on("stop", ({ job }) => desk.stop(job));

  const lost = createLostJobs({
    present: async () => new Set((await ew.presence("desks")).members.map(({ member }) => member)).add(inside.id),
    end: desk.endLost,
    onError,
  });
  inside.channel("jobs", { from: "start" }).on("job", lost.heard);
  inside.channel("desks").presence.on(lost.look);

  ew.channel("jobs", {
    calls: {
      ask({ input: { question }, fail }) {
        const id = randomUUID();
        const start = desk.start({ id, kind: "answer", title: question, by: writer.by }, answerTo(question, id));
        return start === "started" ? { id } : fail("busy", { most: desk.most });
      },
    },
  });

  async function recordEnd(id: string, end: JobEnd): Promise<JobEnd> {
    try {
      await ew.publish("job", { id }, "end", end, { key: `end-${id}` });
      return end;
    } catch (thrown) {
      if (!(thrown instanceof EitherwayError && thrown.code === "key-reused")) throw thrown;
      const { messages } = await readHistory<JobEnd>(inside, `job/${id}`, { limit: 1 });
      return messages[0]?.data ?? end;
    }
  }

  function answerTo(question: string, id: string): Work {
    return async ({ signal, report }) => {
      const answer = ew.stream("job", { id }, "answer");
      const pieces = writer.write(question, AbortSignal.any([signal, answer.signal]));
      let done = 0;
      report({ step: "Writing" });
      try {
        for await (const piece of inBatches(pieces, BATCH_MS)) {
          await answer.append(piece);
          done += piece.length;
          report({ done });
        }
      } catch (thrown) {
        if (!signal.aborted) {
          await answer.fail(thrown instanceof Error ? thrown.message : String(thrown), "writer-failed");
          throw thrown;
        }
      }
      await answer.end(); // with what there is, where it was stopped
    };
  }

  return {
    name: "progress",
    ew,
    handle: uploads.handle,
    async close() {
      await desk.close();
      await uploads.close();
      await inside.close();
    },
  };
}

function writerOf(env: NodeJS.ProcessEnv): Writer {
  const {
    EITHERWAY_SHOWCASE_OPENAI_URL: url,
    EITHERWAY_SHOWCASE_OPENAI_MODEL: model,
    EITHERWAY_SHOWCASE_OPENAI_KEY: key,
  } = env;
  if (!url) return pageWriter;
  if (!model)
    throw new Error("EITHERWAY_SHOWCASE_OPENAI_URL is set; say which model: EITHERWAY_SHOWCASE_OPENAI_MODEL.");
  return createModel({ url, model, key });
}
