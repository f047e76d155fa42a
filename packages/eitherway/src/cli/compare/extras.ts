/** What rounds do not show: opening where nothing is open yet, many clients at a time, and payloads of other kinds. */
import type { Client } from "../../client/index.node.ts";
import { playRound, type Tally } from "../../instrument/index.ts";
import { type ContentKind, fillFor } from "./content.ts";
import type { FigureName } from "./figure-kinds.ts";
import type { MeasuredServer, Usage } from "./measured-server.ts";
import { createWay, type PathSide } from "./rounds.ts";
import { sharedClock } from "./shared-clock.ts";
import type { Target } from "./target.ts";
import { clockUntil, until, wayUntil } from "./until.ts";

export interface ExtrasOptions {
  readonly sides: readonly PathSide[];
  readonly target: Target;
  readonly tally: Tally<FigureName>;
  readonly signal: AbortSignal;
  /** Openings of each side over a connection of its own. */
  readonly openings: number;
  /** Idle clients at a time. */
  readonly crowd: number;
  /** Hears what came to nothing; the rest goes on. */
  onFailure(side: PathSide, error: Error): void;
}

export async function playExtras(options: ExtrasOptions): Promise<void> {
  const { sides, signal, target, onFailure } = options;
  await openCold(options);
  const { server } = target;
  if (!server) return;
  for (const side of sides) {
    if (signal.aborted) return;
    const measured = gather(side, server, options).then(() => measureFormats(side, server, options));
    await measured.catch((error: Error) => onFailure(side, error));
  }
}

const WARM_UP = 1;

async function openCold({ sides, target, tally, signal, openings, onFailure }: ExtrasOptions): Promise<void> {
  for (let number = -WARM_UP; number < openings; number++) {
    for (const side of number % 2 === 0 ? sides : [...sides].reverse()) {
      if (signal.aborted) return;
      const openMs = await openFresh(side, target, signal).catch((error: Error) => onFailure(side, error));
      if (number >= 0 && openMs !== undefined) tally.put(side.id, number, { openCold: openMs });
    }
  }
}

/** `undefined`: the target has no other address. */
async function openFresh({ path }: PathSide, target: Target, signal: AbortSignal): Promise<number | undefined> {
  const address = await target.fresh?.(path);
  if (!address) return undefined;
  const way = wayUntil(signal, createWay(path, { ...target, urlOf: () => address.url }, "json"));
  try {
    const began = sharedClock.now();
    await way.open();
    return sharedClock.now() - began;
  } finally {
    await way.close();
    await address.close();
  }
}

/** What clients do at the same time. */
const LANES = 10;
const MS_PER_SECOND = 1_000;

async function gather(side: PathSide, server: MeasuredServer, options: ExtrasOptions): Promise<void> {
  const { target, tally, signal, crowd } = options;
  const before = await server.usage({ collected: true });
  const clients: Client[] = [];
  const openClient = async ({ path }: PathSide, url: string): Promise<void> => {
    const client = path.createClient(url);
    clients.push(client);
    await isLive(client);
  };
  let left = crowd;
  const lane = async (): Promise<void> => {
    while (left-- > 0 && !signal.aborted) await openClient(side, target.urlOf(side.path));
  };
  try {
    const began = sharedClock.now();
    await until(signal, Promise.all(Array.from({ length: LANES }, lane)));
    if (signal.aborted) return;
    const seconds = (sharedClock.now() - began) / MS_PER_SECOND;
    const after = await server.usage({ collected: true });
    const memory = (after.heldBytes - before.heldBytes) / crowd;
    tally.put(side.id, 0, { connectRate: crowd / seconds, memory });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Resolves once a channel of its own is. */
function isLive(client: Client): Promise<void> {
  const channel = client.channel(`compare/${crypto.randomUUID()}`);
  return new Promise<void>((resolve, reject) => {
    channel.on("live", () => resolve());
    channel.on("error", reject);
    channel.on("message", () => {}); // which is what subscribes
  });
}

const FORMAT_MESSAGES = 100;
const FORMAT_EVERY_MS = 2;
const FORMAT_BYTES = 1_024;
const PATIENCE_MS = 3_000;

async function measureFormats({ id, path }: PathSide, server: MeasuredServer, options: ExtrasOptions) {
  const { target, tally, signal } = options;
  /** Of a message, down. */
  const costOf = async (kind: ContentKind) => {
    const used: Usage[] = [];
    const way = createWay(path, target, kind);
    const after = async () => void used.push(await server.usage({ collected: false }));
    const trace = { messages: FORMAT_MESSAGES, everyMs: FORMAT_EVERY_MS, fill: fillFor(FORMAT_BYTES) };
    const plan = { trace, burstMs: 0, patienceMs: PATIENCE_MS };
    await playRound(wayUntil(signal, { ...way, after }), plan, clockUntil(signal, sharedClock));
    const [opened, delivered] = used as [Usage, Usage];
    const bytes = (delivered.bytesOut - opened.bytesOut) / FORMAT_MESSAGES;
    return { bytes, cpuMicros: (delivered.cpuMicros - opened.cpuMicros) / FORMAT_MESSAGES };
  };
  const [text, bytes] = [await costOf("text"), await costOf("bytes")];
  tally.put(id, 0, {
    ...{ formatText: text.bytes, formatTextCpu: text.cpuMicros },
    ...{ formatBytes: bytes.bytes, formatBytesCpu: bytes.cpuMicros },
  });
}
