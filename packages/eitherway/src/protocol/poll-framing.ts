/** Frames of an HTTP answer: JSON, one a line (NDJSON). */
import type { Framing } from "./frames.ts";
import { oneLine, runText, serverFrameText } from "./json-text.ts";
import { encodeText } from "./utf8.ts";

export const pollFraming: Framing = {
  name: "poll",
  run: (run) => encodeText(`${oneLine(runText(run))}\n`),
  frame: (frame) => encodeText(`${serverFrameText(frame)}\n`),
};
