/** An application's server and clients in one process: no ports, no waiting, chance that comes again, and a network that a test breaks. */
import { AssertionError } from "node:assert";
import type { Client } from "../../client/client-api.ts";
import type { TypedClient } from "../../client/typed/typed-api.ts";
import { isContract } from "../../contract/contract.ts";
import type { ChannelTypes, Contract, HandlesOf } from "../../contract/index.ts";
import { createSafeLogger, type Undo } from "../../core/index.ts";
import { createLogger, type NodeEitherwayOptions } from "../../node/index.ts";
import { EitherwayError, quote } from "../../protocol/index.ts";
import { readAmount } from "../../server/amounts.ts";
import { type Amount, checkBasePath, checkTrustProxy, createEitherway, withContract } from "../../server/index.ts";
import { type AnyChannel, type Collect, collectEvents } from "../collected.ts";
import { createMemoryNetwork } from "../memory-network/memory-network.ts";
import { type NetworkPath, PATHS, type Weather } from "../memory-network/ways.ts";
import { createSeededRandom } from "../seeded-random.ts";
import type { Harness, HarnessClientOptions, HarnessNetwork, HarnessOptions, HarnessServer } from "./harness-api.ts";
import { createDevice, type Device } from "./harness-client.ts";
import { CLEAR, createHarnessNetwork } from "./harness-network.ts";
import { createHarnessTime } from "./harness-time.ts";
import { createMoves } from "./moves.ts";

const DEFAULT_SEED = 1;
/** Above the longest wait of a client by itself, for a connection that is found dead. */
const DEFAULT_WITHIN = "10m";
/** Above any deadline of what is being closed. */
const CLOSING_MS = 60_000;

/**
 * Puts a server and a network around a test. Time stands still until `advance` or `until`; what needs no time happens by itself.
 *
 * @throws EitherwayError `bad-request` for an option that is unknown or has a value that makes no sense
 * @example
 * const harness = createHarness(app, { seed: 7 });
 * const ana = harness.client({ transport: "sse" });
 * const seen = harness.collect(ana.channel("room", { id: "42" }), "message");
 * await harness.settled();
 * harness.network(ana).cut();
 * await harness.server.publish("room", { id: "42" }, "message", { text: "hi" });
 * await harness.advance("10s");
 * assertExactlyOnceInOrder(seen, [{ text: "hi" }]);
 * await harness.close();
 */
export function createHarness<Channels extends ChannelTypes>(
  app: Contract<Channels>,
  options?: HarnessOptions,
): Harness<TypedClient<HandlesOf<Channels>>, HarnessServer<Channels>>;
export function createHarness(options?: HarnessOptions): Harness;
export function createHarness(
  first: Contract<ChannelTypes> | HarnessOptions = {},
  second: HarnessOptions = {},
): unknown {
  return isContract(first) ? create(second, first) : create(first, undefined);
}

function create(options: HarnessOptions, app: Contract<ChannelTypes> | undefined): Harness<never, unknown> {
  const { seed = DEFAULT_SEED, server: given = {} } = options;
  checkOptions(options, seed);
  const { logger, ...serverOptions } = ofPlatform(given);
  /** Chance of the test, of the network, of the server and of each client apart, so that one more number here changes nothing there. */
  let sources = 0;
  const createRandom = () => createSeededRandom(seed + sources++ * SOURCE_STEP);
  const random = createRandom();

  const devices: Device[] = [];
  /** Who opened a channel. */
  const owners = new WeakMap<object, Device>();
  const weathers = new Map<NetworkPath, Weather>(PATHS.map((path) => [path, CLEAR]));
  const moves = createMoves();
  const time = createHarnessTime({
    pump: () => devices.map(({ network }) => network.pump()).includes(true),
    restless: (steps) =>
      failure(
        `${steps} steps without an end, and no time passed: something goes round without a pause. Lately: ${moves.lately()}.`,
      ),
  });
  const { clock } = time;
  const platform = { clock, random: createRandom(), logger, optionNames: PLATFORM_OPTIONS };
  const parts = createEitherway(platform, serverOptions, app);
  const server = app ? withContract(app, parts.eitherway, parts) : parts.eitherway;
  const around = { clock, checkOpen, random: createRandom(), running: new Set<Undo>() };
  const everybody = createHarnessNetwork({
    ...around,
    lines: () => devices,
    changed: (path, change) => void weathers.set(path, { ...(weathers.get(path) ?? CLEAR), ...change }),
  });
  let closing: Promise<void> | undefined;

  // --- clients and their networks ---

  function client(own: HarnessClientOptions = {}): Client {
    checkOpen();
    const id = own.clientId ?? `client-${devices.length + 1}`;
    if (devices.some((other) => other.id === id)) {
      throw new EitherwayError(
        "bad-request",
        `There is a client ${quote(id)} already; give another clientId, or none.`,
      );
    }
    const network = createMemoryNetwork({
      ...{ clock, handler: parts.handler, limits: parts.limits },
      moves: (path, direction) => moves.note(`${id} ${direction === "up" ? "sends" : "hears"} over ${path}`),
      failed: (error) => logger.error("request failed", { error: String(error) }),
    });
    for (const [path, weather] of weathers) network.change(path, weather);
    const device = createDevice({
      ...{ id, options: own, app, network, clock },
      random: createRandom(),
      opened: (handle) => void owners.set(handle, device),
    });
    devices.push(device);
    return device.client as Client;
  }

  function network(of?: object): HarnessNetwork {
    checkOpen();
    if (of === undefined) return everybody;
    const device = devices.find((one) => one.client === of);
    if (!device) {
      throw new EitherwayError(
        "bad-request",
        "This client is not of this harness; give one that harness.client() gave.",
      );
    }
    return createHarnessNetwork({ ...around, lines: () => [device] });
  }

  const collect = ((channel: AnyChannel, ...events: readonly string[]) => {
    checkOpen();
    const device = owners.get(channel);
    if (!device) {
      throw new EitherwayError(
        "bad-request",
        `No client of this harness opened ${quote(channel.name)}; give what channel() of harness.client() gave.`,
      );
    }
    return collectEvents(channel, events, `${device.id} on ${channel.name}, seed ${seed}`);
  }) as Collect;

  // --- time ---

  async function advance(duration: Amount): Promise<void> {
    checkOpen();
    await time.pass(readDuration(duration, "advance"));
  }

  async function until<T>(what: Promise<T> | (() => boolean), within: Amount = DEFAULT_WITHIN): Promise<T | undefined> {
    checkOpen();
    const ms = readDuration(within, "within");
    if (typeof what === "function") {
      if (!(await time.passUntil(what, ms))) throw late("The condition does not hold", ms);
      return undefined;
    }
    if (!(await time.passUntil(settlement(what), ms))) throw late("The promise is not settled", ms);
    return what;
  }

  const late = (what: string, ms: number): AssertionError =>
    failure(`${what} after ${ms} ms. ${devices.map(describe).join(" ")}`);

  const failure = (sentence: string): AssertionError => new AssertionError({ message: `${sentence} (seed ${seed})` });

  // --- the end ---

  async function end(): Promise<void> {
    for (const undo of around.running) undo();
    for (const { network } of devices) {
      for (const path of PATHS) network.change(path, CLEAR);
      network.bury();
    }
    await finish(devices.map((device) => device.client.close()));
    await finish([parts.eitherway.close()]);
    await time.pass(CLOSING_MS);
    for (const { network } of devices) network.stop();
  }

  async function finish(ends: readonly Promise<void>[]): Promise<void> {
    const all = Promise.all(ends);
    if (!(await time.passUntil(settlement(all), CLOSING_MS))) throw late("Closing has no end", CLOSING_MS);
    await all;
  }

  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  function checkOpen(): void {
    if (closing !== undefined)
      throw new EitherwayError("closed", "This harness was closed; make a new one with createHarness().");
  }

  return {
    ...{
      seed,
      random,
      clock,
      server,
      client: client as never,
      network,
      collect,
      advance,
      until: until as never,
      close,
    },
    async settled() {
      checkOpen();
      await time.settled();
    },
    [Symbol.asyncDispose]: close,
  };
}

/** So far apart that the numbers of one source are not those of another a little later. */
const SOURCE_STEP = 0x9e3779b1;

/** Warnings and errors are for whoever reads why a test is red. */
const LOGGER = createLogger({ level: "warn" });

const PLATFORM_OPTIONS = ["basePath", "trustProxy", "logger"];

/** Options that `eitherway()` itself has. There is one path here and no proxy; what the application has to say of them is checked. */
function ofPlatform({ basePath = "", trustProxy = false, logger = LOGGER, ...rest }: NodeEitherwayOptions) {
  checkBasePath(basePath);
  checkTrustProxy(trustProxy);
  return { ...rest, logger: createSafeLogger(logger) };
}

function checkOptions(options: HarnessOptions, seed: number): void {
  const unknown = Object.keys(options).find((name) => name !== "seed" && name !== "server");
  if (unknown !== undefined) {
    throw new EitherwayError("bad-request", `There is no option ${quote(unknown)}; known: seed, server.`);
  }
  if (Number.isSafeInteger(seed)) return;
  throw new EitherwayError("bad-request", `Option seed is ${quote(String(seed))}; give a whole number.`);
}

function readDuration(given: Amount, name: string): number {
  const ms = readAmount(given, name, "ms");
  if (ms >= 0 && ms < Number.POSITIVE_INFINITY) return ms;
  throw new EitherwayError(
    "bad-request",
    `${name} is ${String(given)}; time goes forward only: give 0 or more, such as "10s".`,
  );
}

function settlement(promise: Promise<unknown>): () => boolean {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  return () => settled;
}

function describe({ id, client: { status } }: Device): string {
  const { state, transport, attempt, retryInMs, lastError, unanswered } = status;
  const over = transport === undefined ? "" : ` over ${transport}`;
  const retry = retryInMs === undefined ? "" : `, attempt ${attempt}, next in ${Math.ceil(retryInMs)} ms`;
  const error = lastError ? `, last error: ${lastError.message}` : "";
  return `${id} is ${state}${over}${retry}, with ${unanswered} unanswered${error}.`;
}
