/** What a single message weighs: one at a time, so that none shares a frame, a request or a packet with others. */
import { median, type Tally, type Way } from "../../instrument/index.ts";
import { fillFor } from "./content.ts";
import type { FigureName } from "./figure-kinds.ts";
import type { MeasuredServer } from "./measured-server.ts";
import { type Content, createWay, type PathSide } from "./rounds.ts";
import { sharedClock } from "./shared-clock.ts";
import type { Target } from "./target.ts";
import { clockUntil, until, wayUntil } from "./until.ts";

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
    const way = createWay(path, target, content.kind);
    const weighing = { server: server as MeasuredServer, fill: fillFor(content.bytes), signal };
    const sizes = await weigh(wayUntil(signal, way), weighing).catch(() => undefined);
    if (sizes && !signal.aborted) tally.put(id, 0, sizes);
  }
}

interface Weighing {
  readonly server: MeasuredServer;
  readonly fill: string;
  readonly signal: AbortSignal;
}

async function weigh(way: Way, { server, fill, signal }: Weighing) {
  const clock = clockUntil(signal, sharedClock);
  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  let arrived = (): void => {};
  way.onMessage(() => arrived());
  const deliver = async (): Promise<void> => {
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await way.order({ messages: 1, everyMs: 0, fill });
    const cancel = clock.after(PATIENCE_MS, () => arrived());
    await arrival;
    cancel();
  };
  /** Of both directions. */
  const bytesOf = async (act: () => Promise<unknown>): Promise<number> => {
    const before = await server.usage({ collected: false });
    const began = sharedClock.now();
    await act();
    await pause(SETTLE_MS + 2 * (sharedClock.now() - began));
    const after = await server.usage({ collected: false });
    return after.bytesIn - before.bytesIn + after.bytesOut - before.bytesOut;
  };
  const publish = () => until(signal, way.publish({ part: "up", number: 0, at: sharedClock.now(), fill }));
  const bytesDown: number[] = [];
  const bytesUp: number[] = [];
  try {
    await way.open();
    await bytesOf(publish); // the first one may open a connection
    const end = sharedClock.now() + MOST_MS;
    for (let count = 0; count < MESSAGES && (count === 0 || sharedClock.now() < end); count++) {
      bytesDown.push(await bytesOf(deliver));
      bytesUp.push(await bytesOf(publish));
    }
  } finally {
    await way.close();
  }
  return { bytesDown: median(bytesDown), bytesUp: median(bytesUp) };
}
