/** The wire: ids, names, frames, codecs and errors. Pure and isomorphic. */
export * from "./errors.ts";
export * from "./frames.ts";
export * from "./ids.ts";
export { jsonCodec } from "./json-codec.ts";
export * from "./names.ts";
export * from "./payload.ts";
