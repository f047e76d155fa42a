/** The wire: ids, names, frames, codecs and errors. Pure and isomorphic. */
export { binaryCodec } from "./binary-codec.ts";
export * from "./errors.ts";
export { createEventsFraming, eventsFraming } from "./events-framing.ts";
export * from "./frames.ts";
export * from "./ids.ts";
export { jsonCodec } from "./json-codec.ts";
export * from "./message-text.ts";
export * from "./names.ts";
export * from "./payload.ts";
export { pollFraming } from "./poll-framing.ts";
export { createSseDecoder, type SseDecoder, type SseDecoderOptions, type SseEvent } from "./sse-decoder.ts";
export { sseFraming } from "./sse-framing.ts";
