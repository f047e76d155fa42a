/** Frames of an HTTP answer: JSON, one a line (NDJSON). */
import type { Framing } from "./frames.ts";
import { oneLine, runText, serverFrameText } from "./json-text.ts";
import { encoder } from "./utf8.ts";

/** Each in memory of its own: what waits for the end of a long poll must not keep shared memory alive (P6). */
export const pollFraming: Framing = {
  name: "poll",
  run: (run) => encoder.encode(`${oneLine(runText(run))}\n`),
  frame: (frame) => encoder.encode(`${oneLine(serverFrameText(frame))}\n`),
};
