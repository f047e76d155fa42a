/** A real Node server for the suites of this folder, in this process, that can be restarted at its address. */
import {
  createSuiteServer,
  type ServerSettings,
  type SuiteEitherway,
  type SuiteServer,
} from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

export async function startNodeServer(settings: ServerSettings): Promise<SuiteServer> {
  const start = async (port: number): Promise<{ ew: SuiteEitherway; port: number; url: string }> => {
    const ew = createSuiteServer({ ...settings, logger: SILENT });
    return { ew, ...(await ew.listen({ port })) };
  };
  let running = await start(0);
  return {
    url: running.url,
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
