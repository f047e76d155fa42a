/** Runs cases wherever there is a WebSocket to order servers by: in pages, workers and other runtimes. */
import type { createClient as CreateClient } from "../../../src/client/index.ts";
import type { SuiteServer } from "../../../src/testing/index.ts";
import { SUITE_APP } from "../../../src/testing/suite-app.ts";
import type { BrowserCase, PageContext } from "./cases.ts";
import { type Answer, type Order, type Ordered, serverPath } from "./orders.ts";

export interface CaseRunnerOptions {
  readonly cases: readonly BrowserCase[];
  /** Parameter `orders` says where to order. */
  readonly address: string;
  readonly createClient: typeof CreateClient;
  /** What the path of a server is below. Default: nothing, so it stays relative to the page. */
  readonly origin?: string;
}

export interface CaseRunner {
  /** Runs a case to its end; resolves with why it failed, or with nothing. */
  run(title: string): Promise<string>;
  /** Orders nothing any more. */
  close(): void;
}

declare global {
  /** What a page offers to the test. */
  var runCase: CaseRunner["run"];
}

export function createCaseRunner({ cases, address, createClient, origin = "" }: CaseRunnerOptions): CaseRunner {
  const { order, close } = openOffice(new URLSearchParams(address.replace(/^[^?]*/, "")).get("orders") ?? "");

  async function run(title: string): Promise<string> {
    const endings: (() => unknown)[] = [];
    try {
      const one = cases.find((candidate) => candidate.title === title);
      if (!one) return "no such case";
      const { transport, framing } = one.dialect;
      const context: PageContext = {
        dialect: one.dialect,
        async start(settings = {}) {
          const server = await startServer(settings);
          endings.push(() => server.close());
          return server;
        },
        link() {
          throw new Error("links without a client are not for these");
        },
        client(server, options = {}) {
          const client = createClient({ url: server.url, transport, framing, ...options });
          endings.push(() => client.close());
          return client;
        },
        appClient(server, options = {}) {
          const client = createClient(SUITE_APP, { url: server.url, transport, framing, ...options });
          endings.push(() => client.close());
          return client;
        },
        cut: async (afterBytes) => (await order({ do: "cut", afterBytes })) as number,
      };
      await one.run(context);
      return "";
    } catch (thrown) {
      return thrown instanceof Error ? `${thrown.message}\n${thrown.stack}` : String(thrown);
    } finally {
      for (const end of endings.reverse()) await end();
    }
  }

  async function startServer(settings: Extract<Order, { do: "start" }>["settings"]): Promise<SuiteServer> {
    const server = (await order({ do: "start", settings })) as number;
    let stats = UNKNOWN;
    let asking = false;

    async function ask(): Promise<void> {
      if (asking) return;
      asking = true;
      stats = (await order({ do: "stats", server })) as Stats;
      asking = false;
    }

    return {
      url: `${origin}${serverPath(server)}`,
      publish: async (channel, data, options) =>
        (await order({ do: "publish", server, channel, data, ...(options && { options }) })) as { id: string },
      stream() {
        throw new Error("a page has its streams produced by calls");
      },
      /** Cases look again and again: the first look gives more of all than there is, each later one what the one before asked for. */
      stats() {
        void ask();
        return stats;
      },
      restart: async () => void (await order({ do: "restart", server })),
      close: async () => void (await order({ do: "close", server })),
    };
  }

  return { run, close };
}

type Stats = ReturnType<SuiteServer["stats"]>;

const UNKNOWN = { links: Infinity, subscriptions: { reading: Infinity, live: Infinity, lagging: Infinity } } as Stats;

/** A WebSocket, since a request for each of thousands of orders takes longer than the cases. */
function openOffice(url: string): { order(order: Order): Promise<unknown>; close(): void } {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  const open = new Promise((resolve) => socket.addEventListener("open", resolve));
  const waiting = new Map<number, (answer: Answer) => void>();
  let number = 0;
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    waiting.get(answer.number)?.(answer);
    waiting.delete(answer.number);
  });
  return {
    async order(order) {
      await open;
      const answered = new Promise<Answer>((resolve) => waiting.set(++number, resolve));
      socket.send(JSON.stringify({ number, order } satisfies Ordered));
      const { result, error } = await answered;
      if (error !== undefined) throw new Error(error);
      return result;
    },
    close: () => socket.close(),
  };
}
