/** Files come by HTTP, as they do everywhere: `PUT /progress/files/<id of the job>?name=<of the file>`. The job outlives the request. */
import { mkdtempSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MOST_FILE_BYTES, MOST_QUESTION_CHARACTERS } from "./contract.ts";
import { digestFile, receiveFile } from "./file-work.ts";
import type { JobDesk, Work } from "./job-desk.ts";

const PATH = /^\/progress\/files\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\?|$)/;
const RETRY_AFTER_S = 5;

export interface Uploads {
  /** `false`: the request is for something else. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  close(): Promise<void>;
}

export function createUploads(desk: JobDesk): Uploads {
  let folder: string | undefined;

  function take(id: string, request: IncomingMessage, response: ServerResponse): void {
    const total = Number(request.headers["content-length"] ?? Number.NaN);
    if (total > MOST_FILE_BYTES) {
      refuse(response, 413, `The file has ${total} bytes; at most ${MOST_FILE_BYTES} are taken here.`);
      return;
    }
    const plan = { id, kind: "file", title: nameOf(request), by: "By node:crypto and node:zlib." } as const;
    const start = desk.start(plan, work(id, Number.isNaN(total) ? undefined : total, request, response));
    if (start === "started") return;
    if (start === "known") refuse(response, 409, "There is a job with this id already; give another one.");
    else refuse(response, 503, `${desk.most} jobs run already, and no more do at once; come back when one has ended.`);
  }

  function work(id: string, total: number | undefined, request: IncomingMessage, response: ServerResponse): Work {
    return async (controls) => {
      folder ??= mkdtempSync(join(tmpdir(), "eitherway-progress-"));
      const path = join(folder, id);
      try {
        await receiveFile(request, { path, total, mostBytes: MOST_FILE_BYTES }, controls);
        answer(response, 201, { id });
        return await digestFile(path, (await stat(path)).size, controls);
      } catch (thrown) {
        breakOff(response, controls.signal.aborted ? "The job was stopped." : String(thrown));
        throw thrown;
      } finally {
        await rm(path, { force: true });
      }
    };
  }

  return {
    handle(request, response) {
      const [, id] = PATH.exec(request.url ?? "") ?? [];
      if (id === undefined) return false;
      if (request.method === "PUT") take(id, request, response);
      else response.writeHead(405, { allow: "PUT" }).end();
      return true;
    },
    async close() {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

function nameOf({ url = "" }: IncomingMessage): string {
  const name = new URL(url, "http://localhost").searchParams.get("name")?.trim() || "A file without a name";
  return name.slice(0, MOST_QUESTION_CHARACTERS);
}

/** What else comes of the body is read and dropped: a connection that ends under a sender loses the answer. */
function refuse(response: ServerResponse, status: number, message: string): void {
  response.req.resume();
  answer(response, status, { message }, status === 503 ? { "retry-after": RETRY_AFTER_S } : {});
}

/** In the middle of the body: the connection ends with the answer, so that the rest is not sent. */
function breakOff(response: ServerResponse, message: string): void {
  const isHttp1 = response.req.httpVersionMajor === 1;
  answer(response, 400, { message }, isHttp1 ? { connection: "close" } : {});
}

function answer(response: ServerResponse, status: number, body: object, headers: object = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(JSON.stringify(body));
}
