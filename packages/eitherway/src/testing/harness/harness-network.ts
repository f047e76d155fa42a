/** The network of a harness, as a test turns it: of one client, or of all. */
import type { DeviceEvents } from "../../client/ports.ts";
import type { Random, Undo } from "../../core/index.ts";
import { readPositiveAmount } from "../../server/amounts.ts";
import type { MemoryNetwork } from "../memory-network/memory-network.ts";
import { FAIR, type NetworkPath, PATHS, type Weather } from "../memory-network/ways.ts";
import type { HarnessClock, HarnessNetwork, Where } from "./harness-api.ts";

/** A client's end. */
export interface Line {
  readonly network: MemoryNetwork;
  /** Of the client's device, which is told when it is online again. */
  readonly device: Pick<DeviceEvents, "woken">;
}

export interface HarnessNetworkOptions {
  /** Those there are, whenever it is asked. */
  lines(): readonly Line[];
  /** Told of a change, so that clients that come later have it as well. */
  changed?(path: NetworkPath, change: Partial<Weather>): void;
  readonly clock: HarnessClock;
  readonly random: Random;
  /** Called by everything that is done with it. */
  checkOpen(): void;
  /** What the end of the harness ends. */
  readonly running: Set<Undo>;
}

/** No time passes unless a test says so: what is sent arrives before it goes on. */
export const CLEAR: Weather = { ...FAIR, latencyMs: 0 };

const OFFLINE: Partial<Weather> = { reach: "refused" };
const ONLINE: Partial<Weather> = { reach: "open" };

export function createHarnessNetwork(options: HarnessNetworkOptions): HarnessNetwork {
  const { lines, changed = () => {}, clock, random, checkOpen, running } = options;

  const sum = (count: (network: MemoryNetwork) => number): number =>
    lines().reduce((total, { network }) => total + count(network), 0);
  const pathsOf = ({ path }: Where): readonly NetworkPath[] => (path === undefined ? PATHS : [path]);

  function set(weather: Partial<Weather>, where: Where = {}): void {
    checkOpen();
    for (const path of pathsOf(where)) {
      changed(path, weather);
      for (const { network } of lines()) network.change(path, weather);
    }
  }

  function cut({ path, inside = false }: Where & { readonly inside?: boolean } = {}): number {
    checkOpen();
    return sum((network) => network.cut(path, inside));
  }

  function cutAtRandom(every: number | string): Undo {
    checkOpen();
    const mean = readPositiveAmount(every, "cutAtRandom", "ms");
    let undoTimer: Undo;
    const undo = (): void => {
      undoTimer();
      running.delete(undo);
    };
    const plan = (): void => {
      undoTimer = clock.after(2 * mean * random(), () => {
        cut({ inside: random() < 1 / 2 });
        plan();
      });
    };
    plan();
    running.add(undo);
    return undo;
  }

  return {
    get open() {
      return sum((network) => PATHS.reduce((total, path) => total + network.open(path), 0));
    },
    cut,
    cutAtRandom,
    freeze({ path, direction = "both" } = {}) {
      checkOpen();
      return pathsOf({ ...(path && { path }) }).reduce(
        (total, one) => total + sum((network) => network.halfOpen(one, direction)),
        0,
      );
    },
    set,
    clear: () => set(CLEAR),
    offline() {
      set(OFFLINE);
      cut();
    },
    online() {
      set(ONLINE);
      for (const { device } of lines()) device.woken();
    },
  };
}
