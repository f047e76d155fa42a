/** The figures of the dashboard: what there is to see, and how each follows from two readings of a server. */

/** What was read at one moment: gauges as they stand, counters as far as they have come. What could not be read is missing. */
export interface Reading {
  /** Milliseconds by a clock that never steps back. */
  readonly at: number;
  readonly values: Readonly<Record<string, number | undefined>>;
}

/** `null`: there is none, such as the size of a flush while nothing was flushed. */
export type Value = number | null;

export type Unit = "percent" | "bytes" | "ms" | "seconds" | "per second" | "number";

export interface Figure {
  readonly name: string;
  readonly label: string;
  readonly group: string;
  readonly unit: Unit;
  readonly from: Source;
}

/**
 * `gauge`: a value as it stands. `rate`: what a counter grows by in a second. `ratio`: what one counter grows by while another grows
 * by one. `times` turns the result into the figure's unit.
 */
export type Source =
  | { readonly kind: "gauge"; readonly of: string }
  | { readonly kind: "rate"; readonly of: string; readonly times: number }
  | { readonly kind: "ratio"; readonly of: string; readonly by: string; readonly times: number };

const PERCENT = 100;
const MS_PER_SECOND = 1_000;

const gauge = (of: string): Source => ({ kind: "gauge", of });
const rate = (of: string, times = 1): Source => ({ kind: "rate", of, times });
const ratio = (of: string, by: string, times = 1): Source => ({ kind: "ratio", of, by, times });
/** Of milliseconds that something worked, the part of all milliseconds. */
const busy = (of: string): Source => rate(of, PERCENT / MS_PER_SECOND);

type Row = readonly [name: string, label: string, unit: Unit, from: Source];

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  Process: [
    ["process.cpu", "CPU", "percent", busy("cpu")],
    ["process.cpu.user", "CPU, own code", "percent", busy("cpu.user")],
    ["process.cpu.system", "CPU, system", "percent", busy("cpu.system")],
    ["process.resident", "Memory", "bytes", gauge("resident")],
    ["process.heap", "Heap in use", "bytes", gauge("heap")],
    ["process.heap.total", "Heap", "bytes", gauge("heap.total")],
    ["process.external", "Outside the heap", "bytes", gauge("external")],
    ["process.buffers", "Buffers", "bytes", gauge("buffers")],
    ["process.faults", "Page faults", "per second", rate("faults")],
    ["process.switches", "Waits", "per second", rate("switches.voluntary")],
    ["process.preempted", "Interruptions", "per second", rate("switches.involuntary")],
    ["process.uptime", "Runs for", "seconds", gauge("uptime")],
  ],
  "Event loop": [
    ["loop.busy", "Busy", "percent", ratio("loop.active", "loop.all", PERCENT)],
    ["loop.mean", "Delay, mean", "ms", gauge("delay.mean")],
    ["loop.p50", "Delay, p50", "ms", gauge("delay.p50")],
    ["loop.p90", "Delay, p90", "ms", gauge("delay.p90")],
    ["loop.p99", "Delay, p99", "ms", gauge("delay.p99")],
    ["loop.max", "Delay, longest", "ms", gauge("delay.max")],
  ],
  Host: [
    ["host.cpu", "CPU", "percent", ratio("host.busy", "host.all", PERCENT)],
    ["host.cpu.user", "CPU, programs", "percent", ratio("host.user", "host.all", PERCENT)],
    ["host.cpu.system", "CPU, system", "percent", ratio("host.system", "host.all", PERCENT)],
    ["host.load.1", "Load, 1 min", "number", gauge("load.1")],
    ["host.load.5", "Load, 5 min", "number", gauge("load.5")],
    ["host.load.15", "Load, 15 min", "number", gauge("load.15")],
    ["host.memory.used", "Memory in use", "bytes", gauge("memory.used")],
    ["host.memory.free", "Memory, free", "bytes", gauge("memory.free")],
    ["host.uptime", "Runs for", "seconds", gauge("host.uptime")],
  ],
  Links: [
    ["links", "All", "number", gauge("links")],
    ["links.websocket", "WebSocket", "number", gauge("links.websocket")],
    ["links.sse", "SSE", "number", gauge("links.sse")],
    ["links.events", "EventSource", "number", gauge("links.events")],
    ["links.poll", "Long-poll", "number", gauge("links.poll")],
    ["links.opened", "Opened", "per second", rate("links.opened")],
    ["links.closed", "Closed", "per second", rate("links.closed")],
    ["links.filled", "Fallen behind", "per second", rate("links.filled")],
  ],
  Deliveries: [
    ["messages.published", "Published", "per second", rate("messages.published")],
    ["messages.delivered", "Delivered", "per second", rate("messages.delivered")],
    ["messages.readers", "Readers of a message", "number", ratio("messages.delivered", "runs.messages")],
    ["runs.flushed", "Flushes", "per second", rate("runs.flushed")],
    ["runs.messages", "Messages in a flush", "number", ratio("runs.messages", "runs.flushed")],
    ["runs.bytes", "Size of a flush", "bytes", ratio("runs.bytes", "runs.flushed")],
    ["latest.replaced", "Replaced by newer", "per second", rate("latest.replaced")],
    ["volatile.delivered", "Volatile", "per second", rate("volatile.delivered")],
    ["volatile.dropped", "Volatile, dropped", "per second", rate("volatile.dropped")],
    ["calls.started", "Calls", "per second", rate("calls.started")],
    ["unflushed", "Not yet flushed", "bytes", gauge("unflushed")],
  ],
  Logs: [
    ["subscriptions.live", "Subscriptions, live", "number", gauge("subscriptions.live")],
    ["subscriptions.lagging", "Subscriptions, behind", "number", gauge("subscriptions.lagging")],
    ["logs.channels", "Channels", "number", gauge("logs.channels")],
    ["logs.bytes", "Size", "bytes", gauge("logs.bytes")],
  ],
};

/** In the order of the page; values come in this order too. */
export const FIGURES: readonly Figure[] = Object.entries(GROUPS).flatMap(([group, rows]) =>
  rows.map(([name, label, unit, from]) => ({ name, label, group, unit, from })),
);

/** What the readings have to have. */
export const READ: ReadonlySet<string> = new Set(
  FIGURES.flatMap(({ from }) => (from.kind === "ratio" ? [from.of, from.by] : [from.of])),
);

/** Of all figures, in their order, as of the later reading. */
export function valuesBetween(before: Reading, now: Reading): readonly Value[] {
  return FIGURES.map(({ from }) => rounded(computed(from, before, now)));
}

function computed(from: Source, before: Reading, now: Reading): number | undefined {
  switch (from.kind) {
    case "gauge":
      return now.values[from.of];
    case "rate":
      return quotient(growth(from.of, before, now), (now.at - before.at) / MS_PER_SECOND, from.times);
    case "ratio":
      return quotient(growth(from.of, before, now), growth(from.by, before, now), from.times);
  }
}

/** A counter that is smaller than before began anew, with 0: what it shows it has grown by since, at least. */
function growth(counter: string, before: Reading, now: Reading): number | undefined {
  const [from, to] = [before.values[counter], now.values[counter]];
  if (from === undefined || to === undefined) return undefined;
  return to < from ? to : to - from;
}

function quotient(dividend: number | undefined, divisor: number | undefined, times: number): number | undefined {
  return dividend === undefined || !divisor ? undefined : (dividend / divisor) * times;
}

/** More digits nobody sees, and each of them travels to every page. */
const DIGITS = 6;

function rounded(value: number | undefined): Value {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(DIGITS));
}
