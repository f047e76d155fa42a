/** Whether a transport gets through at all, and whether something on the way collects what it carries. */
import type { CoreClient } from "eitherway/client/core";
import { type Finding, formatValue } from "eitherway/instrument";
import { pageClock, pause } from "./clock.ts";
import type { Publisher } from "./publisher.ts";
import { createSideClient, type MeasuredSide } from "./way.ts";

export interface ProbeOptions {
  readonly side: MeasuredSide;
  /** Its own: whatever is published there is for this probe. */
  readonly channel: string;
  readonly publisher: Publisher;
  readonly signal: AbortSignal;
}

/** For one message: far more than any network that is worth measuring takes. */
const PATIENCE_MS = 3_000;
/** What pushes held bytes out, together more than proxies collect before they let go (nginx: 32 to 64 kB). */
const FILL_BYTES = 8 * 1_024;
const FILLS = 12;
const FILL_EVERY_MS = 200;

/** Resolves with what is wrong; `undefined`: one message came through in time. Rejects where the server takes no messages. */
export async function probe({ side, channel, publisher, signal }: ProbeOptions): Promise<Finding | undefined> {
  if (!side.transport.supported()) return refused(side, "this browser does not have it");
  const publish = (number: number, fill: string) =>
    publisher.publish(channel, { part: "down", number, at: pageClock.now(), fill });
  await publish(0, ""); // waits in the log, and is the first thing that a subscription from the start brings
  const client = createSideClient(side);
  try {
    const began = pageClock.now();
    const events = outcomeOf(client, channel);
    const within = (ms: number) => Promise.race([events, pause(ms, signal)]);
    let outcome = await within(PATIENCE_MS);
    let fills = 0;
    while (!outcome && fills < FILLS && !signal.aborted) {
      await publish(++fills, "x".repeat(FILL_BYTES));
      outcome = await within(FILL_EVERY_MS);
    }
    const heldMs = pageClock.now() - began;
    if (!outcome) return signal.aborted ? undefined : refused(side, `nothing came within ${formatValue(heldMs, "ms")}`);
    if (outcome.failure !== undefined) return refused(side, outcome.failure);
    return fills === 0 ? undefined : heldBack(side, heldMs, fills * FILL_BYTES);
  } finally {
    await client.close();
  }
}

interface Outcome {
  /** Absent: a message came. */
  readonly failure?: string;
}

function outcomeOf(client: CoreClient, channel: string): Promise<Outcome> {
  return new Promise((resolve) => {
    client.channel(channel, { from: "start" }).on("message", () => resolve({}));
    client.on("status", ({ state, lastError }) => {
      if (state === "waiting" || state === "stopped") resolve({ failure: lastError?.message ?? "the link ended" });
    });
  });
}

function refused(side: MeasuredSide, why: string): Finding {
  return {
    id: "refused",
    side: side.id,
    says: `${side.name} does not get through: ${why}. ${NEXT_STEPS[side.id]}`,
    value: 1,
  };
}

const NEXT_STEPS: Readonly<Record<MeasuredSide["id"], string>> = {
  ws: "Look whether what lies between passes the headers Upgrade and Connection on.",
  sse: "Look whether what lies between passes a POST with an answer that does not end.",
  poll: "Look whether what lies between cuts requests that wait.",
};

function heldBack(side: MeasuredSide, heldMs: number, bytes: number): Finding {
  const held = `${formatValue(heldMs, "ms")}, until about ${formatValue(bytes, "bytes")} had come`;
  return {
    id: "buffering",
    side: side.id,
    says: `${side.name} is held back: the first message took ${held}. Something between collects what the server sends; have it hand on event streams at once (in nginx: proxy_http_version 1.1 and proxy_buffering off).`,
    value: heldMs,
  };
}
