/** A command in the outbox as the application sees it. */
import type { Entry } from "./outbox-entry.ts";
import type { PendingPublish } from "./outbox-store/outbox-store.ts";

export function describeEntry({ command: { frame }, restored, sends }: Omit<Entry, "lane">): PendingPublish {
  const { channel, key, event, payload } = frame;
  const { kind } = payload;
  const data: unknown = payload.kind === "json" ? JSON.parse(payload.data) : payload.data;
  return { channel, key, event, kind, data, restored, sent: sends > 0 };
}
