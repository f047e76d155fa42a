/** Whether a transport gets through at all, and whether something on the way collects what it carries. */
import type { CoreClient } from "eitherway/client/core";
import { type Finding, formatValue, type RoundMessage } from "eitherway/instrument";
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
const FILL_KB = 8;
const BYTES_PER_KB = 1_024;
const FILLS = 12;
const FILL_EVERY_MS = 200;

/** Resolves with what is wrong; `undefined`: messages come through in time. Rejects where the server takes no messages. */
export async function probe({ side, channel, publisher, signal }: ProbeOptions): Promise<Finding | undefined> {
  if (!side.transport.supported()) return refused(side, "this browser does not have it");
  const publish = (number: number, fill: string) =>
    publisher.publish(channel, { part: "down", number, at: pageClock.now(), fill }, signal);
  await publish(FIRST, ""); // waits in the log, and is what a subscription from the start brings at once
  const client = createSideClient(side);
  try {
    let asked = pageClock.now();
    const events = outcomeOf(client, channel, () => {
      asked = pageClock.now();
      return publish(FIRST + 1, "");
    });
    const within = (ms: number) => Promise.race([events, pause(ms, signal)]);
    let outcome = await within(PATIENCE_MS);
    let fills = 0;
    while (!outcome && fills < FILLS && !signal.aborted) {
      fills++;
      await publish(FIRST + 1 + fills, "x".repeat(FILL_KB * BYTES_PER_KB));
      outcome = await within(FILL_EVERY_MS);
    }
    const heldMs = pageClock.now() - asked;
    if (!outcome) return signal.aborted ? undefined : refused(side, `nothing came within ${formatValue(heldMs, "ms")}`);
    if (outcome.failure !== undefined) return refused(side, outcome.failure);
    return fills === 0 ? undefined : heldBack(side, heldMs, fills * FILL_KB);
  } finally {
    await client.close();
  }
}

const FIRST = 0;

interface Outcome {
  /** Absent: a message came that was published after the first one had. */
  readonly failure?: string;
}

/** The first message may come with what opens the stream, although nothing does afterwards: so another one has to follow. */
function outcomeOf(client: CoreClient, channel: string, next: () => Promise<unknown>): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    client.channel<RoundMessage>(channel, { from: "start" }).on("message", ({ number }) => {
      if (number === FIRST) next().catch(reject);
      else resolve({});
    });
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

function heldBack(side: MeasuredSide, heldMs: number, kilobytes: number): Finding {
  const held = `${formatValue(heldMs, "ms")}, until about ${kilobytes} kB had come`;
  return {
    id: "buffering",
    side: side.id,
    says: `${side.name} is held back: a message took ${held}. Something between collects what the server sends; have it hand on event streams at once (in nginx: proxy_http_version 1.1 and proxy_buffering off).`,
    value: heldMs,
  };
}
