/** The wire: ids, names, frames, codecs and errors. Pure and isomorphic. */
export { binaryClientCodec } from "./binary-client-codec.ts";
export { binaryServerCodec } from "./binary-server-codec.ts";
export * from "./errors.ts";
export { createEventsFraming, eventsFraming } from "./events-framing.ts";
export * from "./frames.ts";
export { httpStatus } from "./http-status.ts";
export * from "./ids.ts";
export { jsonClientCodec } from "./json-client-codec.ts";
export { jsonServerCodec } from "./json-server-codec.ts";
export * from "./message-text.ts";
export * from "./names.ts";
export * from "./payload.ts";
export { pollFraming } from "./poll-framing.ts";
export { createSseDecoder, type SseDecoder, type SseDecoderOptions, type SseEvent } from "./sse-decoder.ts";
export { sseFraming } from "./sse-framing.ts";
export { encodeText, utf8Length } from "./utf8.ts";
