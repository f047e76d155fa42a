/** A comparison as `eitherway compare` makes it, from seeded rounds: for tests of whatever reads the form. */
import {
  type Comparison,
  type FigureKind,
  FORM,
  judgeFigures,
  type Measured,
  type Row,
  type Side,
  type Tail,
  tailOf,
  type Unit,
} from "../../src/instrument/index.ts";
import { createSeededRandom } from "../../src/testing/index.ts";

export const WS: Side = { id: "ws", name: "WebSocket" };
export const SSE: Side = { id: "sse", name: "SSE" };
export const POLL: Side = { id: "poll", name: "Long-poll" };

export interface ExampleOptions extends Partial<Omit<Comparison, "figures" | "form">> {
  /** By side and figure, what its numbers are multiplied by; else 1, as the first side's are. `null`: not measured there. */
  readonly factors?: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  readonly rounds?: number;
  readonly seed?: number;
}

/** WebSocket and SSE on one machine, without differences, faults and findings, unless told otherwise. */
export function exampleComparison(options: ExampleOptions = {}): Comparison {
  const { factors = {}, rounds = 40, seed = 1, sides = [WS, SSE], ...rest } = options;
  const random = createSeededRandom(seed);
  const measured = KINDS.map(([kind, usual]) => {
    const factorOf = ({ id }: Side) => factors[id]?.[kind.id] ?? (factors[id]?.[kind.id] === null ? null : 1);
    return [kind, measure({ kind, usual, sides, factorOf, rounds, random })] as const;
  });
  return {
    form: FORM,
    made: {
      at: "2026-11-28T09:30:00.000Z",
      machine: "2 x AMD EPYC, Linux 6.18, Node 20.20.2",
      between: "two processes of this machine, over loopback",
      plan: "default",
      rounds,
      seconds: 58.4,
    },
    sides,
    figures: judgeFigures(sides, measured),
    findings: [],
    faults: [],
    ...rest,
  };
}

/** What differs between transports as they are, roughly. */
export const USUAL_FACTORS = {
  sse: { "delivery.p50": 1.4, "upstream.p50": 5.4, "upstream.rate": 0.55, "cpu.up": 2.6, "bytes.up": 2.5 },
  poll: {
    "delivery.p50": 50,
    "upstream.p50": 5.4,
    "upstream.rate": 0.5,
    "cpu.down": 2.8,
    "bytes.down": 4.4,
    open: 0.6,
  },
} as const;

interface Measuring {
  readonly kind: FigureKind;
  readonly usual: number;
  readonly sides: readonly Side[];
  factorOf(side: Side): number | null;
  readonly rounds: number;
  random(): number;
}

const MESSAGES_A_ROUND = 10;

function measure({ kind, usual, sides, factorOf, rounds, random }: Measuring): Measured {
  const spread = () => Math.exp((random() - 0.5) * 0.4);
  const machine = Array.from({ length: rounds }, spread); // the same for all sides of a round
  const numbers: Record<string, readonly number[]> = {};
  const tails: Record<string, Tail | undefined> = {};
  for (const side of sides) {
    const factor = factorOf(side);
    if (factor === null) continue;
    const isExact = kind.unit === "bytes";
    const row = machine.map((pace) => usual * factor * (isExact ? 1 : pace * spread()));
    numbers[side.id] = row;
    if (!kind.id.endsWith(".p50")) continue;
    tails[side.id] = tailOf(
      row.flatMap((value) => Array.from({ length: MESSAGES_A_ROUND }, () => value / (random() + 0.5))),
    );
  }
  return { rounds: numbers, tails };
}

const KINDS: readonly (readonly [FigureKind, number])[] = [
  [delay("delivery.p50", "server to client, p50", true), 0.24],
  [delay("delivery.p95", "server to client, p95", true), 0.6],
  [delay("upstream.p50", "client to server, p50", true), 0.2],
  [kind("upstream.rate", "direction", "publishes of one client", "per-second", true, "more"), 12_000],
  [kind("open", "protocol", "open, and the channel is live", "ms", true), 4.4],
  [kind("bytes.down", "protocol", "bytes a message, down", "bytes", false), 250],
  [kind("bytes.up", "protocol", "bytes a publish, both ways", "bytes", false), 307],
  [kind("memory.idle", "protocol", "server memory a connection", "bytes", false), 4_350],
  [kind("cpu.down", "protocol", "server CPU a message, down", "us", true), 210],
  [kind("cpu.up", "protocol", "server CPU a publish", "us", true), 160],
  [kind("format.text", "format", "1,024 bytes of text on the wire", "bytes", false), 1_150],
];

function delay(id: string, title: string, judged: boolean): FigureKind {
  return kind(id, "direction", title, "ms", judged);
}

function kind(
  id: string,
  row: Row,
  title: string,
  unit: Unit,
  judged: boolean,
  better: FigureKind["better"] = "less",
): FigureKind {
  return { id, row, title, unit, better, judged, about: `How ${title} is measured.` };
}
