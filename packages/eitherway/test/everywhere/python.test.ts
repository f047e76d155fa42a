/** A client in another language, written from PROTOCOL.md alone: the vectors, and the cases of the transport suite by their names. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { collect } from "../../src/testing/collected.ts";
import { createFaultNetwork, type SuiteServer } from "../../src/testing/index.ts";
import { LOG_CASES, type PageContext } from "../browser/pages/cases.ts";
import { startNodeServer } from "../matrix/support.ts";
import { type Python, startPython } from "./python.ts";

/** What a client over one transport can do. */
const CASES = LOG_CASES.filter(({ title }) => /^(?:sse|poll):/.test(title));

const SOME_OF_THE_HEADERS = 20; // bytes: the request was taken, and its answer does not come through
const WAIT_MS = 20_000;

const path = (file: string): string => fileURLToPath(new URL(`../../../../${file}`, import.meta.url));

describe("Python's client", () => {
  let python: Python;
  beforeAll(async () => {
    python = await startPython();
  });
  afterAll(async () => {
    const { code, complaints } = await python.end();
    expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
  });

  test("reads and writes what vectors/*.json say", async () => {
    const { stdout } = await promisify(execFile)("python3", [
      path("examples/python/check_vectors.py"),
      path("packages/eitherway/vectors"),
    ]);
    expect(stdout).toMatch(/^[1-9][0-9]* passed\n$/);
  });

  test.each(CASES.map((one) => [one.title, one] as const))("%s", async (_, { dialect, run }) => {
    const endings: (() => unknown)[] = [];
    const addresses = new Map<SuiteServer, { readonly url: string; cut(afterBytes: number): number }>();
    const context: PageContext = {
      dialect,
      async start(settings = {}) {
        const server = await startNodeServer(settings);
        endings.push(() => server.close());
        const network = await createFaultNetwork({ target: Number(new URL(server.url).port) });
        endings.push(() => network.close());
        addresses.set(server, {
          url: `${network.url}/eitherway`,
          cut(afterBytes) {
            if (afterBytes === 0) return network.cutAll();
            for (const one of network.connections) one.set({ kind: "cut", direction: "down", afterBytes });
            return network.connections.length;
          },
        });
        return server;
      },
      link() {
        throw new Error("links without a client are not for Python");
      },
      client(server, options = {}) {
        const { url } = addresses.get(server) ?? server;
        const client = python.client({ url, transport: dialect.transport, ...options });
        endings.push(() => client.close());
        return client;
      },
      appClient() {
        throw new Error("Python's client makes no calls");
      },
      cut: async (afterBytes) => [...addresses.values()].reduce((sum, { cut }) => sum + cut(afterBytes), 0),
    };
    try {
      await run(context);
    } finally {
      for (const end of endings.reverse()) await end();
    }
  });

  test("poll: a publish whose answer a cut swallows is sent again with its key, and stored once (P5)", async () => {
    const server = await startNodeServer({});
    onTestFinished(() => server.close());
    const network = await createFaultNetwork({ target: Number(new URL(server.url).port) });
    onTestFinished(() => network.close());
    const client = python.client({ url: `${network.url}/eitherway`, transport: "poll", random: () => 0 });
    onTestFinished(() => client.close());
    const channel = client.channel("a", { from: "start" });
    network.set({ kind: "cut", direction: "down", afterBytes: SOME_OF_THE_HEADERS });
    const publishing = channel.publish("once");
    await vi.waitFor(() => expect(network.counters.cut).toBeGreaterThanOrEqual(2), WAIT_MS);
    network.set({ kind: "none" });
    await publishing;
    await channel.publish("end");
    const heard = collect(channel);
    await heard.until(({ data }) => data.at(-1) === "end");
    expect(heard.data).toEqual(["once", "end"]);
  });
});
