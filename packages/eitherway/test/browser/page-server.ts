/**
 * What pages of ours need: their own origin with servers below it, a bad network between, and an office for the orders of a
 * page that runs cases. The office is another origin, so that a cut never hits what the test itself has to say.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll } from "vitest";
import { WebSocketServer } from "ws";
import {
  createFaultNetwork,
  createSuiteServer,
  type FaultNetwork,
  type ServerSettings,
  type SuiteEitherway,
} from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";
import { type Answer, type Order, type Ordered, serverPath } from "./pages/orders.ts";

/** Scripts of pages. `worker` has no page. */
const SCRIPTS = ["suite", "reader", "native", "worker"] as const;
type Script = (typeof SCRIPTS)[number];

export interface PageServer {
  /** Between pages and servers. */
  readonly network: FaultNetwork;
  /** The address of a page. `elsewhere` has nothing on it. */
  address(page: Script | "elsewhere", parameters?: Readonly<Record<string, string>>): string;
  /** Starts a server of ours below the origin of the pages. */
  start(settings?: ServerSettings): OwnServer;
}

export interface OwnServer {
  readonly number: number;
  readonly running: SuiteEitherway;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** For the tests of a file. */
export function usePageServer(): () => PageServer {
  let server: { readonly pages: PageServer; close(): Promise<void> };
  beforeAll(async () => {
    server = await startPageServer();
  });
  afterAll(() => server.close());
  return () => server.pages;
}

async function startPageServer(): Promise<{ readonly pages: PageServer; close(): Promise<void> }> {
  const bundles = new Map<Script, Promise<string>>();
  const scriptOf = (name: Script): Promise<string> => {
    const made = bundles.get(name) ?? bundle(name);
    bundles.set(name, made);
    return made;
  };
  const site = createServer(async ({ url = "" }, response) => {
    const [, name = "", extension] = /^\/(\w+)(\.js)?(?:\?|$)/.exec(url) ?? [];
    const script = SCRIPTS.find((known) => known === name);
    if (!script && name !== "elsewhere")
      response.writeHead(503).end(); // a server of ours that is away for a moment
    else if (script && extension)
      response.writeHead(200, { "content-type": "text/javascript" }).end(await scriptOf(script));
    else
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(pageOf(name, script !== undefined));
  });
  const network = await createFaultNetwork({ target: await listen(site) });
  const servers: OwnServer[] = [];

  function start(settings: ServerSettings = {}): OwnServer {
    const basePath = serverPath(servers.length);
    const open = () => {
      const running = createSuiteServer({ ...settings, basePath, logger: SILENT });
      return { running, detach: running.attach(site) };
    };
    let own = open();
    const close = async (): Promise<void> => {
      await own.running.close();
      own.detach();
    };
    const server: OwnServer = {
      number: servers.length,
      get running() {
        return own.running;
      },
      async restart() {
        await close();
        own = open();
      },
      close,
    };
    servers.push(server);
    return server;
  }

  function cut(afterBytes: number): number {
    if (afterBytes === 0) return network.cutAll();
    for (const one of network.connections) one.set({ kind: "cut", direction: "down", afterBytes });
    return network.connections.length;
  }

  async function obey(order: Order): Promise<unknown> {
    if (order.do === "start") return start(order.settings).number;
    if (order.do === "cut") return cut(order.afterBytes);
    const server = servers[order.server];
    if (!server) throw new Error(`there is no server ${order.server}`);
    switch (order.do) {
      case "publish":
        return server.running.publish(order.channel, order.data, order.options);
      case "stats":
        return server.running.stats();
      case "restart":
      case "close":
        await server[order.do]();
        return null;
    }
  }

  const office = createServer();
  new WebSocketServer({ server: office }).on("connection", (socket) => {
    socket.on("message", async (text) => {
      const { number, order } = JSON.parse(String(text)) as Ordered;
      const answer = await obey(order).then(
        (result) => ({ number, result }),
        (error: unknown) => ({ number, error: String(error) }),
      );
      socket.send(JSON.stringify(answer satisfies Answer));
    });
  });
  const orders = `http://127.0.0.1:${await listen(office)}/`;

  return {
    pages: {
      network,
      address: (page, parameters = {}) => `${network.url}/${page}?${new URLSearchParams({ ...parameters, orders })}`,
      start,
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      await network.close();
      for (const server of [site, office]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

const SILENT = witnessed();

function pageOf(title: string, hasScript: boolean): string {
  const script = hasScript ? `<script type="module" src="/${title}.js"></script>` : "";
  return `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,">${script}`;
}

/** The script of a page, from the sources as they are. */
async function bundle(name: Script): Promise<string> {
  const path = (file: string): string => fileURLToPath(new URL(`pages/${file}`, import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: "warn",
    resolve: { alias: { "node:assert/strict": path("assert.ts") } },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry: path(`${name}.ts`), formats: ["es"], fileName: name },
      rolldownOptions: { treeshake: name !== "native" }, // the bundler of React Native loads every module that is imported
    },
  });
  const [first] = [built].flat();
  if (!first || !("output" in first)) throw new Error(`${name} gave no output`);
  return first.output[0].code;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
