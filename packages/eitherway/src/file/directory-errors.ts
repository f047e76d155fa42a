/** Why a directory cannot be opened as a store. Its files are untouched then. */
import { EitherwayError, quote } from "../protocol/index.ts";

/** For programs: `error.details`. */
export interface DirectoryTrouble {
  readonly trouble: "foreign" | "newer" | "damaged" | "in-use" | "not-writable";
  readonly directory: string;
  /** The process that has it open. */
  readonly pid?: number;
}

export function foreign(directory: string, found: string): EitherwayError {
  return refusal(
    "bad-request",
    `${quote(directory)} has files that are no store of Eitherway's (${found}); name an empty directory.`,
    {
      trouble: "foreign",
      directory,
    },
  );
}

export function newer(directory: string, format: number, known: number): EitherwayError {
  return refusal(
    "bad-request",
    `${quote(directory)} has format ${format}, this version reads up to ${known}; run the version that wrote it, or a newer one.`,
    { trouble: "newer", directory },
  );
}

export function damaged(directory: string, what: string, cause?: unknown): EitherwayError {
  return refusal(
    "bad-request",
    `The store in ${quote(directory)} is damaged: ${what}. Put a backup in its place, or begin with an empty directory.`,
    { trouble: "damaged", directory },
    cause,
  );
}

export function inUse(directory: string, pid: number): EitherwayError {
  return refusal(
    "unavailable",
    `${quote(directory)} is open in process ${pid}; end that first, or name another directory.`,
    { trouble: "in-use", directory, pid },
  );
}

export function notWritable(directory: string, cause: unknown): EitherwayError {
  return refusal(
    "bad-request",
    `${quote(directory)} cannot be written (${(cause as Error).message}); give this user the right to, and room, or name another directory.`,
    { trouble: "not-writable", directory },
    cause,
  );
}

function refusal(
  code: "bad-request" | "unavailable",
  sentence: string,
  details: DirectoryTrouble,
  cause?: unknown,
): EitherwayError {
  return new EitherwayError(code, sentence, { details, cause });
}
