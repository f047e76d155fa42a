/** Event streams: bytes cut in every way, and what the specification says they mean. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { createSseDecoder, type SseDecoderOptions, type SseEvent } from "../../src/protocol/index.ts";
import { utf8 } from "./support.ts";

export interface Decoded {
  readonly events: readonly SseEvent[];
  readonly retries: readonly number[];
  readonly lastEventId: string;
}

/** Our decoder over pieces of a stream. */
export function decode(pieces: readonly (Uint8Array | string)[], options: Partial<SseDecoderOptions> = {}): Decoded {
  const events: SseEvent[] = [];
  const retries: number[] = [];
  const decoder = createSseDecoder({
    onEvent: (event) => events.push(event),
    onRetry: (ms) => retries.push(ms),
    ...options,
  });
  for (const piece of pieces) decoder.feed(typeof piece === "string" ? utf8(piece) : piece);
  return { events, retries, lastEventId: decoder.lastEventId };
}

/** `bytes` cut at each of `places`. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
}

/** What WHATWG HTML, section "Interpreting an event stream", says in its own order, over a whole stream. */
export function specified(bytes: Uint8Array): Decoded {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/); // strips one byte order mark
  lines.pop(); // what follows the last line end is no line yet
  const events: SseEvent[] = [];
  const retries: number[] = [];
  let [data, type, id, lastEventId] = ["", "", "", ""];
  for (const line of lines) {
    if (line === "") {
      lastEventId = id;
      if (data !== "") events.push({ event: type || "message", data: data.replace(/\n$/, ""), id });
      [data, type] = ["", ""];
      continue;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?([\s\S]*))?$/.exec(line) ?? [];
    if (name === "event") type = value;
    if (name === "data") data += `${value}\n`;
    if (name === "id" && !value.includes("\0")) id = value;
    if (name === "retry" && /^[0-9]+$/.test(value)) retries.push(Number(value));
  }
  return { events, retries, lastEventId };
}

/** What eventsource-parser reads. It waits for what follows a CR at the end. */
export function oracle(bytes: Uint8Array): { events: EventSourceMessage[]; retries: number[] } {
  const events: EventSourceMessage[] = [];
  const retries: number[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event), onRetry: (ms) => retries.push(ms) });
  parser.feed(new TextDecoder().decode(bytes));
  return { events, retries };
}
