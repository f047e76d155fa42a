/** The transport suite over `ew.fetch`, behind a server that speaks `Request` and `Response`. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { test } from "vitest";
import {
  createSuiteServer,
  DIALECTS,
  type ServerSettings,
  type SuiteServer,
  transportSuite,
} from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

async function startFetchServer(settings: ServerSettings): Promise<SuiteServer> {
  const start = async (port: number) => {
    const ew = createSuiteServer({ ...settings, logger: witnessed() });
    const server = createServer(getRequestListener((request) => ew.fetch(request)));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const own = (server.address() as AddressInfo).port;
    const close = async (): Promise<void> => {
      await ew.close();
      server.closeAllConnections();
      server.close();
    };
    return { ew, port: own, close };
  };
  let running = await start(0);
  return {
    url: `http://127.0.0.1:${running.port}/eitherway`,
    publish: (channel, data, options) => running.ew.publish(channel, data, options),
    stream: (channel, name) => running.ew.stream(channel, name),
    stats: () => running.ew.stats(),
    async restart() {
      await running.close();
      running = await start(running.port);
    },
    close: () => running.close(),
  };
}

transportSuite({
  test,
  start: startFetchServer,
  dialects: DIALECTS.filter(({ transport }) => transport !== "websocket"),
});
