/** A command in the outbox as the application sees it. */
import type { PublishFrame } from "../protocol/index.ts";
import type { Entry } from "./outbox-entry.ts";
import type { PendingPublish } from "./outbox-store/outbox-store.ts";

/** `undefined` for what is no publish. */
export function describeEntry({ command: { frame }, ...entry }: Omit<Entry, "lane">): PendingPublish | undefined {
  return frame.t === "publish" ? describePublish(frame, entry) : undefined;
}

export function describePublish(
  frame: PublishFrame,
  { restored, sends }: Pick<Entry, "restored" | "sends">,
): PendingPublish {
  const { channel, key, event, payload } = frame;
  const { kind } = payload;
  const data: unknown = payload.kind === "json" ? JSON.parse(payload.data) : payload.data;
  return { channel, key, event, kind, data, restored, sent: sends > 0 };
}
