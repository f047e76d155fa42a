/** What rounds do not show: opening where nothing is open yet, many clients at a time, and payloads of other kinds. */
import { binary } from "../../client/binary.ts";
import type { Client } from "../../client/index.node.ts";
import { playRound, type Tally } from "../../instrument/index.ts";
import { createChannels, createClientWay } from "./client-way.ts";
import { type ContentKind, fillFor } from "./content.ts";
import type { FigureName } from "./figure-kinds.ts";
import type { MeasuredServer } from "./measured-server.ts";
import { createWay, type PathSide } from "./rounds.ts";
import { sharedClock } from "./shared-clock.ts";
import type { Target } from "./target.ts";

export interface ExtrasOptions {
  readonly sides: readonly PathSide[];
  readonly target: Target;
  readonly tally: Tally<FigureName>;
  readonly signal: AbortSignal;
  /** Openings of each side over a connection of its own. */
  readonly openings: number;
  /** Idle clients at a time. */
  readonly crowd: number;
}

export async function playExtras(options: ExtrasOptions): Promise<void> {
  await openCold(options);
  const { server } = options.target;
  if (!server) return;
  for (const side of options.sides) {
    if (options.signal.aborted) return;
    await gather(side, server, options);
    await measureFormats(side, server, options);
  }
}

const WARM_UP = 1;

async function openCold({ sides, target, tally, signal, openings }: ExtrasOptions): Promise<void> {
  const { fresh } = target;
  if (!fresh) return;
  for (let number = -WARM_UP; number < openings; number++) {
    for (const { id, path } of number % 2 === 0 ? sides : [...sides].reverse()) {
      if (signal.aborted) return;
      const address = await fresh(path);
      const way = createWay(path, { ...target, urlOf: () => address.url }, "json");
      const began = sharedClock.now();
      await way.open();
      if (number >= 0) tally.put(id, number, { openCold: sharedClock.now() - began });
      await way.close();
      await address.close();
    }
  }
}

/** What clients do at the same time. */
const LANES = 10;
const MS_PER_SECOND = 1_000;

async function gather(side: PathSide, server: MeasuredServer, { target, tally, crowd }: ExtrasOptions): Promise<void> {
  const before = await server.usage({ collected: true });
  const clients: Client[] = [];
  let left = crowd;
  const lane = async (): Promise<void> => {
    while (left-- > 0) clients.push(await openClient(side, target.urlOf(side.path)));
  };
  try {
    const began = sharedClock.now();
    await Promise.all(Array.from({ length: LANES }, lane));
    const seconds = (sharedClock.now() - began) / MS_PER_SECOND;
    const after = await server.usage({ collected: true });
    const memory = (after.heldBytes - before.heldBytes) / crowd;
    tally.put(side.id, 0, { connectRate: crowd / seconds, memory });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

async function openClient({ path }: PathSide, url: string): Promise<Client> {
  const client = path.createClient(url);
  const channel = client.channel(`compare/${crypto.randomUUID()}`);
  await new Promise<void>((resolve, reject) => {
    channel.on("live", () => resolve());
    channel.on("error", reject);
    channel.on("message", () => {}); // which is what subscribes
  });
  return client;
}

const FORMAT_MESSAGES = 50;
const FORMAT_EVERY_MS = 4;
const FORMAT_BYTES = 1_024;
const PATIENCE_MS = 3_000;

async function measureFormats({ id, path }: PathSide, server: MeasuredServer, { target, tally }: ExtrasOptions) {
  const sizeOf = async (kind: ContentKind): Promise<number> => {
    const channels = createChannels();
    const sizes: number[] = [];
    const way = createClientWay({
      createClient: () => path.createClient(target.urlOf(path), kind === "bytes" ? { framing: binary } : {}),
      channels,
      kind,
      order: (trace) => target.order(channels.down, kind, trace),
    });
    const note = async () => void sizes.push((await server.usage({ collected: false })).bytesOut);
    const trace = { messages: FORMAT_MESSAGES, everyMs: FORMAT_EVERY_MS, fill: fillFor(FORMAT_BYTES) };
    await playRound({ ...way, after: note }, { trace, burstMs: 0, patienceMs: PATIENCE_MS }, sharedClock);
    const [opened = Number.NaN, delivered = Number.NaN] = sizes;
    return (delivered - opened) / FORMAT_MESSAGES;
  };
  tally.put(id, 0, { formatText: await sizeOf("text"), formatBytes: await sizeOf("bytes") });
}
