/**
 * What each side lives through. All faults of all sides run side by side: they are idle most of the time, and each has a network of its
 * own. Who publishes is not behind it, so what was stored is known for certain.
 */
import type { FaultOutcome } from "../../instrument/index.ts";
import { createFaultNetwork, type FaultNetwork } from "../../testing/index.ts";
import { type MeasuredServer, startMeasuredServer } from "./measured-server.ts";
import type { PathSide } from "./rounds.ts";
import { sharedClock } from "./shared-clock.ts";
import { createSource, createWitness, type Source, type Witness } from "./witness.ts";

export interface FaultsOptions {
  readonly sides: readonly PathSide[];
  readonly signal: AbortSignal;
  /** For how long a way stays closed, in ms. */
  readonly closedMs: number;
  /** Whoever is not back by then is not back, in ms after the way was opened again. */
  readonly patienceMs: number;
  /** What has not come that long after everybody was back is lost, in ms. */
  readonly lateMs: number;
}

/** Seconds instead of the default's 15: how fast silence is found out is a multiple of it. */
const PING_MS = 2_000;

const EVERY_MS = 50;
/** Of undisturbed messages before the fault, and after everybody is back. */
const CALM_MS = 1_000;

interface Fault {
  readonly name: string;
  /** Happens to the network of one side. */
  begin(network: FaultNetwork): void;
  end(network: FaultNetwork): void;
  /** The way is open again at once: what is disturbed is what was open. */
  readonly isMoment?: boolean;
  readonly note?: string;
}

const FAULTS: readonly Fault[] = [
  { name: "cut", begin: (network) => network.cutAll(), end() {}, isMoment: true },
  {
    name: "half-open",
    begin(network) {
      network.set({ kind: "half-open" });
      network.set({ kind: "none" }); // for new connections
    },
    end() {},
    isMoment: true,
    note: `With a ping every ${PING_MS / 1_000} s; by default it comes every 15 s, and silence is found out that much later.`,
  },
  {
    name: "blackhole",
    begin(network) {
      network.set({ kind: "blackhole" });
      network.cutAll();
    },
    end: (network) => network.set({ kind: "none" }),
  },
  {
    name: "buffering",
    begin: (network) => network.set({ kind: "buffering", bytes: 1024 * 1024 }),
    end: (network) => network.set({ kind: "none" }),
  },
];

const KILL = "server-kill";

/** Resolves within about closedMs + patienceMs + lateMs and a few seconds. Aborted, it resolves with what was lived through by then. */
export async function playFaults({ sides, signal, ...times }: FaultsOptions): Promise<readonly FaultOutcome[]> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const timing: Timing = { ...times, signal, aborted };
  const [lasting, mortal] = await Promise.all([startMeasuredServer({ pingMs: PING_MS }), startMortal()]);
  try {
    const scenes = FAULTS.flatMap((fault) => sides.map((side) => playFault(fault, side, lasting, timing)));
    return (await Promise.all([...scenes, playKill(mortal, sides, timing)])).flat();
  } finally {
    await Promise.all([lasting.stop(), mortal.stop()]);
  }
}

interface Timing extends Omit<FaultsOptions, "sides"> {
  readonly aborted: Promise<void>;
}

async function playFault(
  { name, note, begin, end, isMoment = false }: Fault,
  side: PathSide,
  { ports }: MeasuredServer,
  timing: Timing,
): Promise<readonly FaultOutcome[]> {
  const port = side.path.http === 1 ? ports.http1 : ports.http2;
  const network = await createFaultNetwork({ target: port });
  const scene = await openScene(side, network.port, ports.http1);
  try {
    await pause(CALM_MS, timing);
    const began = sharedClock.now();
    begin(network);
    if (!isMoment) await pause(timing.closedMs, timing);
    end(network);
    const recovery = await recover(scene, began, timing);
    return recovery ? [{ fault: name, side: side.id, ...recovery, ...(note !== undefined && { note }) }] : [];
  } finally {
    await scene.close();
    await network.close();
  }
}

/** One crash for all sides. What comes back has an empty memory, which is told by a gap. */
async function playKill(server: Mortal, sides: readonly PathSide[], timing: Timing): Promise<readonly FaultOutcome[]> {
  const { http1, http2 } = server.ports;
  const scenes = await Promise.all(sides.map((side) => openScene(side, side.path.http === 1 ? http1 : http2, http1)));
  try {
    await pause(CALM_MS, timing);
    const began = sharedClock.now();
    await server.kill();
    await pause(timing.closedMs, timing);
    await server.revive();
    const outcomes = await Promise.all(
      scenes.map(async (scene, place): Promise<readonly FaultOutcome[]> => {
        const side = (sides[place] as PathSide).id;
        const recovery = await recover(scene, began, timing);
        return recovery ? [{ fault: KILL, side, ...recovery, note: KILL_NOTE }] : [];
      }),
    );
    return outcomes.flat();
  } finally {
    await Promise.all(scenes.map((scene) => scene.close()));
  }
}

/** A server that comes back at its address, empty. */
interface Mortal extends Pick<MeasuredServer, "ports" | "kill" | "stop"> {
  revive(): Promise<void>;
}

async function startMortal(): Promise<Mortal> {
  let server = await startMeasuredServer({ pingMs: PING_MS });
  const { ports } = server;
  return {
    ports,
    kill: () => server.kill(),
    stop: () => server.stop(),
    async revive() {
      server = await startMeasuredServer({ pingMs: PING_MS, ports });
    },
  };
}

const KILL_NOTE = "Logs were in the memory of the process; the gap says so, and history is read anew.";

interface Scene {
  readonly witness: Witness;
  readonly source: Source;
  close(): Promise<void>;
}

async function openScene({ path }: PathSide, port: number, sourcePort: number): Promise<Scene> {
  const channel = `compare/${crypto.randomUUID()}`;
  const witness = createWitness(path, urlOf(port), channel);
  await witness.live;
  const source = createSource(urlOf(sourcePort), channel, EVERY_MS);
  return {
    witness,
    source,
    async close() {
      source.stop();
      await witness.close();
    },
  };
}

/** The way is open again: waits for the witness to be back and for what it still gets, and counts; `undefined`: it was stopped before. */
async function recover({ witness, source }: Scene, began: number, timing: Timing) {
  const open = sharedClock.now();
  const inTime = witness.firstAfter(open, timing.patienceMs);
  const back = await Promise.race([inTime, timing.aborted.then(() => undefined)]);
  await pause(CALM_MS, timing);
  source.stop();
  // A client may meet a second dead connection of its HTTP pool: late is not lost.
  const whole = witness.has(source.stored, back === undefined ? 0 : timing.lateMs);
  await Promise.race([whole, timing.aborted]);
  if (timing.signal.aborted) return undefined; // who did not wait cannot tell what is lost
  const noticed = witness.noticed(began);
  return {
    ...(noticed !== undefined && { detectedMs: noticed - began }),
    ...(back !== undefined && { recoveredMs: back - open }),
    ...witness.count(source.stored),
  };
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/eitherway`;
}

/** Ends at once when the whole is to end. */
function pause(ms: number, { aborted }: Timing): Promise<unknown> {
  return new Promise<void>((resolve) => {
    const undo = sharedClock.after(ms, resolve);
    void aborted.then(() => {
      undo();
      resolve();
    });
  });
}
