/** The server of jobs: clients ask, look and stop; the work belongs to none of them. */
import { randomUUID } from "node:crypto";
import { eitherway } from "eitherway";
import { logger } from "../server/logger.ts";
import type { UseCase } from "../server/use-case.ts";
import { inBatches } from "./batches.ts";
import { progress } from "./contract.ts";
import { createJobDesk, type Work } from "./job-desk.ts";
import { createModel } from "./model.ts";
import { pageWriter } from "./page-writer.ts";
import { createUploads } from "./uploads.ts";
import type { Writer } from "./writer.ts";

/** Too short to be seen, and most of a model's messages are spared. */
const BATCH_MS = 30;
/** Jobs that the list remembers; those that changed longest ago go first. */
const LISTED = 50;

export function createProgress(writer: Writer = writerOf(process.env)): UseCase {
  const ew = eitherway(progress, { logger, limits: { latestKeys: LISTED } });
  const desk = createJobDesk({
    tell: (job) => ew.publish("jobs", "job", job),
    record: (id, end) => ew.publish("job", { id }, "end", end, { key: `end-${id}` }),
    onError: (error) => console.error("What a job has to say could not be published:", error),
  });
  const uploads = createUploads(desk);

  ew.channel("jobs", {
    calls: {
      ask({ input: { question }, fail }) {
        const id = randomUUID();
        const start = desk.start({ id, kind: "answer", title: question, by: writer.by }, answerTo(question, id));
        return start === "started" ? { id } : fail("busy", { most: desk.most });
      },
    },
  });
  ew.channel("job", { calls: { stop: ({ params }) => desk.stop(params.id) } });

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
