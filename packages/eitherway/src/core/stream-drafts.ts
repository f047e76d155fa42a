/** What a stream is made of in its log. */
import { jsonPayload, type Payload } from "../protocol/index.ts";
import type { Draft } from "./broker.ts";
import type { StreamFailure } from "./streams.ts";

/** Nobody renewed the lease: the producer is gone, and cannot say so itself. */
export const PRODUCER_LOST: StreamFailure = {
  code: "producer-lost",
  message: "The producer went away before the end of the stream; ask for it again.",
};

/** Characters of a failure's sentence. */
const MAX_FAILURE_LENGTH = 500;

export function pieceDraft(payload: Payload): Draft {
  return { event: "piece", payload };
}

export function endingDraft(failure: StreamFailure | undefined): Draft {
  if (!failure) return { event: "end", payload: jsonPayload(null) };
  const { code, message } = failure;
  return { event: "failed", payload: jsonPayload({ code, message: message.slice(0, MAX_FAILURE_LENGTH) }) };
}
