/** A real Node server for the suites of this folder, in this process, that can be restarted at its address. */
import type { CreateBroker } from "../../src/core/index.ts";
import {
  createSuiteServer,
  type ServerSettings,
  type SuiteEitherway,
  type SuiteServer,
} from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

/** @param broker one that outlives the server. Default: memory */
export async function startNodeServer(settings: ServerSettings, broker?: CreateBroker): Promise<SuiteServer> {
  const start = async (port: number): Promise<{ ew: SuiteEitherway; port: number; url: string }> => {
    const ew = createSuiteServer({ ...settings, broker, logger: SILENT });
    return { ew, ...(await ew.listen({ port })) };
  };
  let running = await start(0);
  return {
    url: running.url,
    keepsLogs: broker !== undefined,
    publish: (channel, data, options) => running.ew.publish(channel, data, options),
    stream: (channel, name) => running.ew.stream(channel, name),
    stats: () => running.ew.stats(),
    async restart() {
      await running.ew.close();
      running = await start(running.port);
    },
    close: () => running.ew.close(),
  };
}

const SILENT = witnessed();
