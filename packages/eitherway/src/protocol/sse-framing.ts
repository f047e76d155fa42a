/** The event stream of the SDK: each frame is one event without name or id, whose data is the frame as JSON on one line. */
import type { Framing } from "./frames.ts";
import { oneLine, runText, serverFrameText } from "./json-text.ts";
import { sseBlock } from "./sse-block.ts";
import { encodeText } from "./utf8.ts";

export const sseFraming: Framing = {
  name: "sse",
  run: (run) => encodeText(sseBlock({ data: oneLine(runText(run)) })),
  frame: (frame) => encodeText(sseBlock({ data: oneLine(serverFrameText(frame)) })),
};
