/** What a caller is told of a commit that failed. */
import { constants } from "node:os";
import { type Clock, createNews, type Logger } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";

/**
 * No room: on the disk, of a quota, or of the largest file that this process may write. The library says "I/O error" where only a part of
 * a page had room.
 */
const { ENOSPC, EDQUOT, EFBIG, EIO } = constants.errno;
const FULL: ReadonlySet<unknown> = new Set([ENOSPC, EDQUOT, EFBIG, EIO]);

export function storageFailed(cause: unknown): EitherwayError {
  const { code, message } = cause as { code?: unknown; message?: string };
  if (FULL.has(code)) {
    return new EitherwayError(
      "storage-full",
      `The disk took nothing of this (${message}); make room on it and try again, or keep less (retention).`,
      { cause },
    );
  }
  return new EitherwayError("unavailable", `The store took nothing of this (${message}); try again later.`, { cause });
}

interface ReportOptions {
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Pick<Clock, "now">;
}

/** Callers are told each time, and the log each cause once a minute: a disk that is full is tried each second. */
export function createStorageReport({ directory, logger, clock }: ReportOptions): (refused: EitherwayError) => void {
  const isNews = createNews(clock);
  return ({ code, cause }) => {
    const text = `${code}: ${(cause as Error).message}`;
    if (isNews(text)) logger.error("storage failed", { directory, cause: text });
  };
}
