/**
 * A worker of the transport suite. It outlives the cases: each has a broker of its own, at a path of its own, and a server whose port the workers
 * share. It tells what `stats()` says as long as one runs.
 */
import { connect } from "node:net";
import process from "node:process";
import { createSuiteServer } from "eitherway/testing";
import { createWorkerBroker } from "../../../dist/workers/worker-broker.js";

const TELL_MS = 5;
const ABILITIES = { streams: true, presence: true };
const SILENT = { info() {}, warn() {}, error() {} };

let running;

process.on("message", async ({ start, stop }) => {
  if (start) {
    const { path, port, settings } = start;
    const broker = ({ metrics, logger, keyWindowMs }) =>
      createWorkerBroker({
        ...{ metrics, logger, keyWindowMs, stream: connect(path), abilities: ABILITIES },
        lost() {},
      });
    const ew = createSuiteServer({ ...settings, broker, logger: SILENT });
    const { url } = await ew.listen({ port });
    const timer = setInterval(() => process.send({ stats: ew.stats() }), TELL_MS);
    running = { ew, timer };
    process.send({ started: url });
  }
  if (stop) {
    await running.ew.close();
    clearInterval(running.timer);
    process.send({ stopped: true });
  }
});
process.once("SIGTERM", () => process.exit());
process.send({ ready: true });
