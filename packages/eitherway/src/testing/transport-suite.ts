/**
 * What holds over every transport, as tests: for our own server, for other brokers behind it, for a proxy in front of it.
 *
 * Needs no test framework of its own: `test` is that of vitest, node:test or any other that takes a name and a function.
 */
import { createClient } from "../client/index.node.ts";
import { ANNOUNCE_WIRE_CASES } from "./announce-wire-cases.ts";
import { CALL_CASES, callSwitchCases } from "./call-cases.ts";
import { CANCEL_CASES } from "./cancel-cases.ts";
import { CLIENT_CASES, switchCases } from "./client-cases.ts";
import { DIALECTS, type Dialect } from "./dialects.ts";
import { PRESENCE_CASES } from "./presence-cases.ts";
import { openRawLink } from "./raw-link.ts";
import { STREAM_CASES } from "./stream-cases.ts";
import { SUITE_APP } from "./suite-app.ts";
import type { CaseContext, ServerSettings, SuiteServer, TransportCase } from "./transport-case.ts";
import { WIRE_CASES } from "./wire-cases.ts";

export interface TransportSuiteOptions {
  /** Registers one test. */
  readonly test: (name: string, run: () => Promise<void>) => void;
  /** Starts a server with these settings, the rest as by default. */
  readonly start: (settings: ServerSettings) => Promise<SuiteServer>;
  /** Default: all. */
  readonly dialects?: readonly Dialect[];
}

const CASES: readonly TransportCase[] = [
  ...WIRE_CASES,
  ...ANNOUNCE_WIRE_CASES,
  ...CLIENT_CASES,
  ...CALL_CASES,
  ...STREAM_CASES,
  ...CANCEL_CASES,
  ...PRESENCE_CASES,
];

/**
 * @example
 * transportSuite({ test, start: async (settings) => startMyHost(createSuiteServer(settings)) });
 */
export function transportSuite({ test, start, dialects = DIALECTS }: TransportSuiteOptions): void {
  for (const dialect of dialects) {
    for (const one of CASES) {
      test(`${dialect.name}: ${one.name}`, () => runCase(one, dialect, start));
    }
    for (const to of dialects.filter(({ transport }) => transport !== dialect.transport)) {
      for (const one of [...switchCases(to), ...callSwitchCases(to)]) {
        test(`${dialect.name} to ${to.name}: ${one.name}`, () => runCase(one, dialect, start));
      }
    }
  }
}

/** Runs a case and ends whatever it started, in reverse order, whether or not it went well. */
async function runCase(one: TransportCase, dialect: Dialect, start: TransportSuiteOptions["start"]): Promise<void> {
  const endings: (() => unknown)[] = [];
  const { transport, framing } = dialect;
  const context: CaseContext = {
    dialect,
    async start(settings = {}) {
      const server = await start(settings);
      endings.push(() => server.close());
      return server;
    },
    link(server, hello) {
      const link = openRawLink(server.url, dialect, hello);
      endings.push(() => link.close());
      return link;
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
  };
  try {
    await one.run(context);
  } finally {
    for (const end of endings.reverse()) await end();
  }
}
