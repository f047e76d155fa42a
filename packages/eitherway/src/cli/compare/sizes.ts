/** What a single message weighs: one at a time, so that none shares a frame, a request or a packet with others. */
import { median, type Tally, type Way } from "../../instrument/index.ts";
import { createChannels, createClientWay } from "./client-way.ts";
import { fillFor } from "./content.ts";
import type { FigureName } from "./figure-kinds.ts";
import type { MeasuredServer } from "./measured-server.ts";
import type { Content, PathSide } from "./rounds.ts";
import { sharedClock } from "./shared-clock.ts";
import type { Target } from "./target.ts";

export interface SizesOptions {
  readonly sides: readonly PathSide[];
  readonly target: Target;
  readonly tally: Tally<FigureName>;
  readonly content: Content;
  readonly signal: AbortSignal;
}

/** A ping or a window update may come between: the middle one of a few has none. */
const MESSAGES = 5;
/** For a side. Over a long way there are fewer of them: rounds need the time. */
const MOST_MS = 800;
/** What follows a message (a long-poll asks again) has arrived after that, and twice what the message took. */
const SETTLE_MS = 15;
const PATIENCE_MS = 3_000;

/** Does nothing where the server is not ours. Sides that fail are left out: their rounds tell why. */
export async function measureSizes({ sides, target, tally, content, signal }: SizesOptions): Promise<void> {
  const { server } = target;
  for (const { id, path } of server ? sides : []) {
    if (signal.aborted) return;
    const channels = createChannels();
    const way = createClientWay({
      createClient: () => path.createClient(target.urlOf(path)),
      channels,
      kind: content.kind,
      order: (trace) => target.order(channels.down, content.kind, trace),
    });
    const sizes = await weigh(way, server as MeasuredServer, fillFor(content.bytes)).catch(() => undefined);
    if (sizes) tally.put(id, 0, sizes);
  }
}

async function weigh(way: Way, server: MeasuredServer, fill: string) {
  let arrived = (): void => {};
  way.onMessage(() => arrived());
  const deliver = async (): Promise<void> => {
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await way.order({ messages: 1, everyMs: 0, fill });
    await Promise.race([arrival, pause(PATIENCE_MS)]);
  };
  const publish = () => way.publish({ part: "up", number: 0, at: sharedClock.now(), fill });
  const bytesDown: number[] = [];
  const bytesUp: number[] = [];
  try {
    await way.open();
    await bytesOf(publish, server); // the first one may open a connection
    const until = sharedClock.now() + MOST_MS;
    for (let count = 0; count < MESSAGES && (count === 0 || sharedClock.now() < until); count++) {
      bytesDown.push(await bytesOf(deliver, server));
      bytesUp.push(await bytesOf(publish, server));
    }
  } finally {
    await way.close();
  }
  return { bytesDown: median(bytesDown), bytesUp: median(bytesUp) };
}

/** Of both directions. */
async function bytesOf(act: () => Promise<unknown>, server: MeasuredServer): Promise<number> {
  const before = await server.usage({ collected: false });
  const began = sharedClock.now();
  await act();
  await pause(SETTLE_MS + 2 * (sharedClock.now() - began));
  const after = await server.usage({ collected: false });
  return after.bytesIn - before.bytesIn + after.bytesOut - before.bytesOut;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => sharedClock.after(ms, resolve));
}
