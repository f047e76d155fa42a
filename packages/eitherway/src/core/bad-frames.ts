/** What a frame that is not right means for those behind it. */
import type { ErrorCode } from "../protocol/index.ts";

const HARMLESS: ReadonlySet<ErrorCode> = new Set([
  "unknown-frame",
  "bad-channel",
  "reserved-channel",
  "bad-event",
  "bad-key",
]);

/** Whether the frames that follow still mean what they say. Any other bad frame ends the link. */
export function isHarmless(code: ErrorCode): boolean {
  return HARMLESS.has(code);
}
