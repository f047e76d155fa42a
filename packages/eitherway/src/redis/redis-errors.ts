/** What a failed command means: whether anything was done, whether it may go well in a moment, and what to tell. */
import { EitherwayError, isEitherwayError } from "../protocol/index.ts";

export interface Failure {
  readonly error: EitherwayError;
  /** Nothing was done, for certain; otherwise it cannot be known. */
  readonly clean: boolean;
  /** The same may go well in a moment: a failover, a restart, a slot on its way. */
  readonly passing: boolean;
}

/** Answers of servers that cannot serve now, and did nothing. */
const PASSING = new Set([
  "READONLY",
  "LOADING",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "TRYAGAIN",
  "MOVED",
  "ASK",
  "BUSY",
  "NOREPLICAS",
]);

/** Answers that a person has to do something about. */
const ADVICE: Readonly<Record<string, string>> = {
  MISCONF: "it cannot write its data to disk; look into its log.",
  NOAUTH: "it wants a password; put it into the URL.",
  WRONGPASS: "user or password are wrong; correct them in the URL.",
  NOPERM: "its user may not do this; compare its ACL with the one in docs/scaling.md.",
};

/** Nothing was sent. */
export function notConnected(): Failure {
  const error = new EitherwayError("unavailable", "Redis cannot be reached; come back when it can.");
  return { error, clean: true, passing: true };
}

export function failureOf(thrown: unknown): Failure {
  if (isEitherwayError(thrown)) return { error: thrown, clean: true, passing: false };
  if (!(thrown instanceof Error) || thrown.name !== "ReplyError") return lostAnswer(thrown);
  const [code = ""] = thrown.message.split(" ");
  if (code === "OOM") return { error: outOfMemory(thrown), clean: true, passing: false };
  if (PASSING.has(code)) return { error: unavailable(`it says ${code}`, thrown), clean: true, passing: true };
  const advice = ADVICE[code];
  if (advice) return { error: unavailable(advice, thrown), clean: true, passing: false };
  const error = new EitherwayError("internal", "The server failed on this request; its log tells more.", {
    cause: thrown,
  });
  return { error, clean: false, passing: false };
}

/** The connection was cut, or silent for too long, between a command and its answer. */
function lostAnswer(cause: unknown): Failure {
  return { error: unavailable("its answer did not come", cause), clean: false, passing: true };
}

function unavailable(why: string, cause: unknown): EitherwayError {
  return new EitherwayError("unavailable", `Redis cannot serve this now: ${why}. Come back in a moment.`, { cause });
}

function outOfMemory(cause: unknown): EitherwayError {
  return new EitherwayError(
    "storage-full",
    "Redis has no memory left (maxmemory); give it more, or keep less (retention).",
    { cause },
  );
}
