/** A file on its way: onto the disk as it comes, then hashed and compressed from there. At no time is it in memory. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import type { JobEnd } from "./contract.ts";
import type { JobControls } from "./job-desk.ts";

/** Steps of progress: large enough to cost nothing, small enough to be seen. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Writes what comes to `path`, never more than `mostBytes`.
 *
 * @param total how much is announced, if it is
 * @throws Error when there is more, when it breaks off, and when the job is stopped
 */
export async function receiveFile(
  source: Readable,
  { path, total, mostBytes }: { readonly path: string; readonly total: number | undefined; readonly mostBytes: number },
  { signal, report }: JobControls,
): Promise<void> {
  let done = 0;
  report({ step: "Receiving", done, ...(total !== undefined && { total }) });
  const bounded = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      done += chunk.length;
      if (done > mostBytes) throw new Error(`The file has more than the ${mostBytes} bytes that are taken here.`);
      report({ done });
      yield chunk;
    }
  };
  try {
    await pipeline(source, bounded, createWriteStream(path), { signal });
  } catch (thrown) {
    throw isBrokenOff(thrown) ? new Error("The upload broke off before all of the file had come.") : thrown;
  }
}

/** Reads the file once, for its hash and its compressed size. */
export async function digestFile(path: string, bytes: number, { signal, report }: JobControls): Promise<FileResult> {
  const hash = createHash("sha256");
  let done = 0;
  let gzipBytes = 0;
  report({ step: "Hashing and compressing", done, total: bytes });
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      done += chunk.length;
      report({ done });
      yield chunk;
    }
  };
  const counted = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const { length } of chunks) gzipBytes += length;
  };
  const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION });
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), hashed, gzip, counted, { signal });
  return { sha256: hash.digest("hex"), bytes: done, gzipBytes };
}

type FileResult = NonNullable<JobEnd["file"]>;

const BROKEN_OFF: readonly unknown[] = ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR"];

function isBrokenOff(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && BROKEN_OFF.includes(thrown.code);
}
