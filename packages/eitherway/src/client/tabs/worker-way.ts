/** The way to a hub in a SharedWorker: no election, no tab that may be frozen. */
import { createMessagePort } from "./port.ts";
import type { HubWay } from "./tab-transport.ts";
import type { HubPort, ToHub, ToTab } from "./tab-wire.ts";

/** Its script may have to be loaded first. */
const FIRST_PATIENCE_MS = 5_000;

/** A worker that fell silent is there and hangs, or is another one by now and answers at once. */
const SECOND_PATIENCE_MS = 1_000;

/** Twice in a row is no accident: from then on this page finds its hub elsewhere. */
const MOST_SILENCES = 2;

export function createWorkerWay(openWorker: () => SharedWorker): HubWay {
  let silences = 0;
  let broken = false;

  function open(): HubPort {
    try {
      const worker = openWorker();
      return withErrors(worker);
    } catch (thrown) {
      broken = true;
      throw thrown;
    }
  }

  /** A script that is not there, or that a policy forbids, shows itself only as an event. */
  function withErrors(worker: SharedWorker): HubPort {
    const port = createMessagePort<ToTab, ToHub>(worker.port);
    return {
      ...port,
      listen(listener) {
        port.listen(listener);
        worker.onerror = () => {
          broken = true;
          listener.closed();
        };
      },
      close() {
        worker.onerror = null;
        port.close();
      },
    };
  }

  return {
    name: "worker",
    usable: () => typeof SharedWorker === "function" && !broken && silences < MOST_SILENCES,
    reach: async () => open(),
    get patienceMs() {
      return silences === 0 ? FIRST_PATIENCE_MS : SECOND_PATIENCE_MS;
    },
    report(outcome) {
      if (outcome === "heard") silences = 0;
      else if (outcome === "silent") silences++;
      else broken = true;
    },
  };
}
