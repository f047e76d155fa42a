/** A message as people and scripts read it: what history and the event stream of several channels give. */
import { toBase64 } from "./base64.ts";
import type { Message } from "./frames.ts";
import { type Epoch, formatId } from "./ids.ts";

/**
 * The message as JSON text: `id` (not of a volatile one), `event`, `at` (server ms), `from` where somebody set it, and by the kind of the payload one of
 * `data` (JSON, as it came), `text` and `bytes` (base64). `channel` is put in where a reader could not know it.
 */
export function messageText(epoch: Epoch | undefined, message: Message, channel?: string): string {
  const { seq, event, at, from, payload } = message;
  const id = epoch === undefined ? undefined : formatId(epoch, seq);
  const head = JSON.stringify({ id, channel, event, at, from }).slice(0, -1);
  switch (payload.kind) {
    case "json":
      return `${head},"data":${payload.data}}`;
    case "text":
      return `${head},"text":${JSON.stringify(payload.data)}}`;
    case "bytes":
      return `${head},"bytes":"${toBase64(payload.data)}"}`;
  }
}
