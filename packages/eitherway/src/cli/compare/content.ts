/** What the messages of a comparison carry, by the kind of their payload. */
import type { RoundMessage } from "../../instrument/index.ts";

export type ContentKind = "json" | "text" | "bytes";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The same text whatever the kind, so that kinds differ by what carries them alone. */
export function contentOf(kind: ContentKind, message: RoundMessage): unknown {
  if (kind === "json") return message;
  const text = JSON.stringify(message);
  return kind === "text" ? text : encoder.encode(text);
}

export function messageOf(content: unknown): RoundMessage {
  if (content instanceof Uint8Array) return JSON.parse(decoder.decode(content));
  return typeof content === "string" ? JSON.parse(content) : (content as RoundMessage);
}

/** Fills a message of a trace so that its content has about so many bytes. */
export function fillFor(bytes: number): string {
  const message: RoundMessage = { part: "down", number: TYPICAL_NUMBER, at: TYPICAL_AT, fill: "" };
  return "x".repeat(Math.max(0, bytes - JSON.stringify(message).length));
}

const TYPICAL_NUMBER = 10;
const TYPICAL_AT = 1_234_567.123456; // as long as times of the shared clock are
