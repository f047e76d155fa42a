/** How a command ends without the server's answer. */
import {
  type AnnounceFrame,
  type CommandFrame,
  EitherwayError,
  type ErrorCode,
  payloadBytes,
  utf8Length,
  type WelcomeFrame,
} from "../protocol/index.ts";
import type { Announcement, Command } from "./command.ts";

/** Checked here, since a frame that is too large costs the whole link, and would again after every reconnect. */
export function tooLarge(
  { frame, bytes }: Command | Announcement,
  { limits }: WelcomeFrame,
): EitherwayError | undefined {
  const size = contentBytes(frame);
  if (size > limits.messageBytes) return tooLargeError(frame, size, "limits.messageBytes", limits.messageBytes);
  if (bytes > limits.frameBytes) return tooLargeError(frame, bytes, "limits.frameBytes", limits.frameBytes);
  return undefined;
}

/** What the server's limit of a message is for. */
function contentBytes(frame: CommandFrame | AnnounceFrame): number {
  if (frame.t === "presence") return utf8Length(frame.state ?? "");
  return payloadBytes(frame.payload);
}

function tooLargeError(
  { channel }: Pick<CommandFrame, "channel">,
  size: number,
  name: string,
  limit: number,
): EitherwayError {
  return new EitherwayError(
    "too-large",
    `Message of ${size} bytes on ${channel} is over the server's limit of ${limit} (${name}); send less, or a link to it.`,
  );
}

export function outcomeUnknown({ frame }: Command, why: string): EitherwayError {
  return new EitherwayError(
    "outcome-unknown",
    `Whether ${frame.t} ${frame.key} on ${frame.channel} was done is not known: ${why}; read the channel before sending it anew.`,
  );
}

export function clientClosed(): EitherwayError {
  return new EitherwayError("closed" satisfies ErrorCode, "The client is closed; create another one.");
}

export function outboxFull(commands: number, bytes: number, most: { commands: number; bytes: number }): EitherwayError {
  return new EitherwayError(
    "unavailable",
    `${commands} commands of ${bytes} bytes wait for their answers, the limits are ${most.commands} and ${most.bytes} (outbox); await client.ready() before publishing more.`,
  );
}
