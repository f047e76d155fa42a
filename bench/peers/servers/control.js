/**
 * What every server program has beside its peer's own code: a control socket, one line on standard output that says where it
 * listens, and an end together with its standard input. Runs on Node and on Bun.
 *
 * The commands are those of lib/types.js. All messages of one line are handed to the peer in one event-loop turn, by its
 * ordinary publish call, one call a message.
 */
import { createServer } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { payloadObject } from "../../lib/payload.js";

/**
 * @typedef {object} Program
 * @property {number} port where clients connect
 * @property {(channel: string, message: Message) => void} publish
 * @property {(channel: string) => string | Promise<string>} [cursor] the id of the channel's newest message
 * @property {boolean} [socketsOfNode] default: true; others do not tell what waits in them
 * @property {{ readonly pid: number, readonly rss: () => number }} [measured] the process to be measured, where it is not this one
 * @property {readonly number[]} [pids] processes to be measured beside this one
 * @property {readonly number[]} [ports] where clients connect instead, in turn
 * @property {Store} [store] that servers share; it is measured as well
 * @property {() => Promise<unknown>} [settled] all that was published is kept
 * @property {((channel: string) => Promise<unknown> | undefined) | undefined} [watch] as if a client of this server listened
 *
 * @typedef {{ readonly pid: number, readonly bytes: () => Promise<number> }} Store
 *
 * @typedef {ReturnType<typeof payloadObject>} Message
 */

/** What `command(options)` of the adapter gave. @type {import("../../lib/types.js").ServerOptions} */
export const options = JSON.parse(process.argv[2] ?? "{}");

const DELAY_STEP_MS = 10; // the histogram counts from one of its timers to the next, so this much is no delay
const NS_PER_MS = 1e6;
const LATE_QUANTILE = 99;

/** @param {Program} program */
export async function serve(program) {
  const { port, ports = [port], pids = [], publish, cursor, socketsOfNode = true, measured, store } = program;

  /** @type {{ readonly name: string, published: number }[]} */
  const channels = [];
  const delays = loopDelays();
  const takeTurns = createTurns();

  /**
   * @param {number} first
   * @param {number} last
   * @param {number} count
   */
  function publishAll(first, last, count) {
    for (let nth = 0; nth < count; nth++) {
      for (let number = first; number <= last; number++) {
        const channel = channels[number] ?? { name: `c${number}`, published: 0 };
        channels[number] = channel;
        publish(channel.name, payloadObject(number, ++channel.published));
      }
    }
  }

  async function stats() {
    await program.settled?.();
    if (measured) return JSON.stringify({ rss: measured.rss(), heapUsed: null, delayP99Ms: null });
    const { rss, heapUsed, external } = process.memoryUsage();
    const storeBytes = await store?.bytes();
    return JSON.stringify({ rss, heapUsed, external, storeBytes, delayP99Ms: delays.take() });
  }

  async function collected() {
    await program.settled?.();
    collect();
    collect(); // what the first one found dead may have kept more alive
    return stats();
  }

  /**
   * @param {number} first
   * @param {number} last
   */
  async function watchAll(first, last) {
    if (!program.watch) return "";
    const names = Array.from({ length: last - first + 1 }, (_, nth) => `c${first + nth}`);
    await Promise.all(names.map((name) => program.watch?.(name)));
    return "watched";
  }

  /** @param {string} line @returns {string | undefined | Promise<string>} the answer */
  function answerTo(line) {
    const [command, ...args] = line.split(" ");
    const [first = 0, last = 0, count = 0] = args.map(Number);
    switch (command) {
      case "publish":
        takeTurns(() => publishAll(first, last, count));
        return undefined;
      case "add":
        publishAll(first, last, count);
        return undefined;
      case "gc":
        return collected();
      case "watch":
        return watchAll(first, last);
      case "stats":
        return stats();
      case "held":
        return measured || !socketsOfNode ? "" : String(mostHeldBytes());
      case "cursor":
        return cursor?.(args[0] ?? "") ?? "";
      default:
        return fail(new Error(`There is no command ${line}`));
    }
  }

  const control = await listenOnLoopback(
    createServer((socket) => {
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy()); // the load generator ended first
      onLines(socket, async (line) => {
        const answer = await answerTo(line);
        if (answer !== undefined) socket.write(`${answer}\n`);
      });
    }),
  );
  const all = [measured?.pid ?? process.pid, ...pids, ...(store ? [store.pid] : [])];
  console.log(JSON.stringify({ ports, control, pids: all, store: store?.pid }));
  process.stdin.on("end", () => process.exit(0)).resume();
}

/**
 * A port of the system's choice, for any server of Node's.
 * @param {import("node:net").Server} server
 * @returns {Promise<number>}
 */
export function listenOnLoopback(server) {
  return new Promise((resolve) => {
    const backlog = 4_096; // storms open faster than a busy loop accepts; the same for everybody
    server.listen({ port: 0, host: "127.0.0.1", backlog }, () => {
      resolve(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
    });
  });
}

/** @param {unknown} error @returns {never} a benchmark that goes on after an error measures something else */
export function fail(error) {
  console.error(error);
  process.exit(1);
}

/** Ids of one width for servers whose peer has none, so that all relay the same bytes. */
export function createIds() {
  const epoch = `${Date.now().toString(36).padStart(9, "0")}000`;
  let last = 0;
  return () => `${epoch}-${(++last).toString(36).padStart(8, "0")}`;
}

/**
 * @param {import("node:net").Socket} socket
 * @param {(line: string) => void} take
 */
function onLines(socket, take) {
  let rest = "";
  socket.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  });
}

/**
 * At most one of the given works is done in a turn of the event loop, and the next one after all that the peer put off to the
 * end of that turn: two calls of setImmediate, as the peer's own may have come after the first one.
 */
function createTurns() {
  /** @type {(() => void)[]} */
  const waiting = [];
  let taken = false;

  function next() {
    taken = waiting.length > 0;
    waiting.shift()?.();
    if (taken) setImmediate(() => setImmediate(next));
  }

  return (/** @type {() => void} */ work) => {
    waiting.push(work);
    if (!taken) next();
  };
}

/** Nothing is measured before the first time somebody asks: the timer of the histogram is no cost of an idle server. */
function loopDelays() {
  /** @type {import("node:perf_hooks").IntervalHistogram | undefined} */
  let histogram;
  return {
    take() {
      const p99 = histogram ? histogram.percentile(LATE_QUANTILE) / NS_PER_MS - DELAY_STEP_MS : 0;
      histogram ??= monitorEventLoopDelay({ resolution: DELAY_STEP_MS });
      histogram.enable();
      histogram.reset();
      return Math.max(0, Math.round(p99 * 1000) / 1000);
    },
  };
}

function collect() {
  const bun = /** @type {{ Bun?: { gc(whole: boolean): void } }} */ (globalThis).Bun;
  if (bun) bun.gc(true);
  else globalThis.gc?.();
}

/**
 * Bytes that wait for the kernel in that of Node's sockets where most do. Asked of Node itself, as a list of our own would be memory
 * that the peer does not need.
 */
function mostHeldBytes() {
  const { _getActiveHandles } = /** @type {{ _getActiveHandles(): object[] }} */ (/** @type {unknown} */ (process));
  return _getActiveHandles()
    .map((handle) => ("writableLength" in handle ? Number(handle.writableLength) : 0))
    .reduce((most, bytes) => Math.max(most, bytes), 0);
}
