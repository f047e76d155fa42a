/** Reads this process, its host and its Eitherways. */
import { cpus, freemem, uptime as hostUptime, loadavg, totalmem } from "node:os";
import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { HubStats } from "eitherway";
import type { Reading } from "./figures.ts";

export interface Reader {
  /** Delays of the event loop are those since the last reading of this reader. */
  read(): Reading;
  close(): void;
}

type Values = Reading["values"];

/** How often the event loop is looked at. Every look is late by so much by itself. */
const LOOK_MS = 10;
const NS_PER_MS = 1e6;
const US_PER_MS = 1e3;

export function createReader(stats: () => readonly HubStats[]): Reader {
  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  return {
    read() {
      const values = { ...ofProcess(), ...ofLoop(delay), ...ofHost(), ...ofServers(stats()) };
      delay.reset();
      return { at: performance.now(), values };
    },
    close: () => void delay.disable(),
  };
}

function ofProcess(): Values {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const { minorPageFault, voluntaryContextSwitches, involuntaryContextSwitches } = process.resourceUsage();
  return {
    cpu: (user + system) / US_PER_MS,
    "cpu.user": user / US_PER_MS,
    "cpu.system": system / US_PER_MS,
    resident: rss,
    heap: heapUsed,
    "heap.total": heapTotal,
    external,
    buffers: arrayBuffers,
    faults: minorPageFault,
    "switches.voluntary": voluntaryContextSwitches,
    "switches.involuntary": involuntaryContextSwitches,
    uptime: process.uptime(),
  };
}

function ofLoop(delay: IntervalHistogram): Values {
  const { active, idle } = performance.eventLoopUtilization();
  const late = (ns: number): number => Math.max(0, ns / NS_PER_MS - LOOK_MS);
  const isKnown = delay.count > 0;
  return {
    "loop.active": active,
    "loop.all": active + idle,
    ...(isKnown && {
      "delay.mean": late(delay.mean),
      "delay.p50": late(delay.percentile(50)),
      "delay.p90": late(delay.percentile(90)),
      "delay.p99": late(delay.percentile(99)),
      "delay.max": late(delay.max),
    }),
  };
}

function ofHost(): Values {
  const times = cpus().map((cpu) => cpu.times);
  const sumOf = (kind: keyof (typeof times)[number]): number => times.reduce((sum, each) => sum + each[kind], 0);
  const [user, system, idle] = [sumOf("user") + sumOf("nice"), sumOf("sys") + sumOf("irq"), sumOf("idle")];
  const [load1, load5, load15] = loadavg();
  return {
    "host.user": user,
    "host.system": system,
    "host.busy": user + system,
    "host.all": user + system + idle,
    "load.1": load1,
    "load.5": load5,
    "load.15": load15,
    "memory.used": totalmem() - freemem(),
    "memory.free": freemem(),
    "host.uptime": hostUptime(),
  };
}

/** A counter that nothing has touched yet is not among the others. */
const COUNTERS = [
  "links.opened",
  "links.closed",
  "links.filled",
  "messages.published",
  "messages.delivered",
  "runs.flushed",
  "runs.messages",
  "runs.bytes",
  "latest.replaced",
  "volatile.delivered",
  "volatile.dropped",
  "calls.started",
];

function ofServers(all: readonly HubStats[]): Values {
  const sum = (pick: (stats: HubStats) => number): number => all.reduce((total, stats) => total + pick(stats), 0);
  return {
    ...Object.fromEntries(COUNTERS.map((name) => [name, sum(({ counters }) => counters[name] ?? 0)])),
    links: sum(({ links }) => links),
    "links.websocket": sum(({ transports }) => transports.websocket),
    "links.sse": sum(({ transports }) => transports.sse),
    "links.events": sum(({ transports }) => transports.events),
    "links.poll": sum(({ transports }) => transports.poll),
    unflushed: sum(({ unflushedBytes }) => unflushedBytes),
    "subscriptions.live": sum(({ subscriptions }) => subscriptions.live),
    "subscriptions.lagging": sum(({ subscriptions }) => subscriptions.lagging),
    "logs.channels": sum(({ broker }) => broker.channels),
    "logs.bytes": sum(({ broker }) => broker.logBytes),
  };
}
