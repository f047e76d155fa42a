/** What the model publishes: every command has a body of its own, so that a body names the command wherever it turns up. */
import type { Draft } from "../../src/core/index.ts";
import { bytesPayload, jsonPayload, type Payload, type Received, textPayload } from "../../src/protocol/index.ts";

const EVENTS = ["message", "tick"] as const;
const KINDS = ["json", "text", "bytes"] as const;

/** The `n`-th body of a run; event and kind of payload follow from `n`. */
export function draftOf(n: number, size: number): Draft & { readonly payload: Payload } {
  const event = EVENTS[n % EVENTS.length] ?? "message";
  const text = `${n}:${"x".repeat(size)}`;
  switch (KINDS[n % KINDS.length]) {
    case "text":
      return { event, payload: textPayload(text) };
    case "bytes":
      return { event, payload: bytesPayload(new TextEncoder().encode(text)) };
    default:
      return { event, payload: jsonPayload({ text }) };
  }
}

/** Event, kind and payload of a draft as one string. */
export function contentOf({ event, payload }: Pick<Draft, "event" | "payload">): string {
  const data = payload.kind === "bytes" ? asText(payload.data) : payload.data;
  return `${event} ${payload.kind} ${data}`;
}

/** The same of a message that arrived. */
export function contentReceived({ event, kind, data }: Pick<Received, "event" | "kind" | "data">): string {
  const text = kind === "json" ? JSON.stringify(data) : kind === "bytes" ? asText(data as Uint8Array) : String(data);
  return `${event} ${kind} ${text}`;
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
