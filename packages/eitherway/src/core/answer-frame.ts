/** The frame that answers a command, over a link or in a response. */
import type { EitherwayError, ErrorFrame, ServerFrame } from "../protocol/index.ts";
import type { CommandAnswer } from "./hub-api.ts";

export function answerFrame(answered: CommandAnswer): ServerFrame {
  const { key } = answered;
  if (!answered.ok) return { t: "error", key, ...errorFields(answered.error) };
  const { id, answer } = answered;
  return { t: "ok", key, ...(id !== undefined && { id }), ...(answer && { answer }) };
}

export function errorFields({
  code,
  message,
  details,
}: EitherwayError): Pick<ErrorFrame, "code" | "message" | "details"> {
  return details === undefined ? { code, message } : { code, message, details: JSON.stringify(details) };
}
