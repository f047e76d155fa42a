/** Comparisons over ways that hang or are slow: they end in time, whoever ends them, and the others are measured. */
import { execFile } from "node:child_process";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { compare } from "../../src/cli/compare/compare.ts";
import { PLANS } from "../../src/cli/compare/plan.ts";
import { createLocalTarget, createRemoteTarget } from "../../src/cli/compare/target.ts";
import type { Comparison } from "../../src/instrument/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";
import { pathOf } from "./support.ts";

const BIN = fileURLToPath(new URL("../../bin/eitherway.js", import.meta.url));
const MOST_MS = 20_000;
const CONTENT = { kind: "json", bytes: 120, perSecond: 20 } as const;

// Tests run side by side, since what hangs is waited for: what they started ends after all of them.
const ends: (() => unknown)[] = [];

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

async function startTcp(listener: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket.on("error", () => {}));
    listener(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/eitherway`;
}

/** Takes connections and says nothing. */
const startMute = () => startTcp((socket) => socket.resume());

/** A server behind something that takes the handshake of a WebSocket and answers nothing. */
async function startSwallowing(): Promise<string> {
  const ew = eitherway({ logger: witnessed() });
  ends.push(() => ew.close());
  const { port } = await ew.listen({ port: 0 });
  return startTcp((socket) => {
    socket.once("data", (head: Buffer) => {
      if (/^upgrade:/im.test(head.toString("latin1"))) return;
      const inner = connect(port, "127.0.0.1").on("error", () => {});
      inner.write(head);
      socket.pipe(inner).pipe(socket);
    });
  });
}

async function quick(url: string) {
  const began = performance.now();
  const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
    execFile(process.execPath, [BIN, "compare", "--quick", "--json", "--url", url], (error, stdout) =>
      resolve({ code: error?.code ?? 0, stdout }),
    );
  });
  return { code, comparison: JSON.parse(stdout) as Comparison, ms: performance.now() - began };
}

describe.concurrent("compare --quick", () => {
  test("takes at most 20 s where nothing is answered, and says that its time was over", async () => {
    const { code, comparison, ms } = await quick(await startMute());
    expect(ms).toBeLessThan(MOST_MS);
    expect(code).toBe(1);
    expect(comparison.made.partial).toBe("its time was over before its plan was done");
    expect(comparison.findings).toMatchObject([{ id: "failed", side: "ws", value: 1 }]);
  });

  test("measures SSE where WebSockets hang, and takes at most 20 s", async () => {
    const { code, comparison, ms } = await quick(await startSwallowing());
    expect(ms).toBeLessThan(MOST_MS);
    expect(code).toBe(0);
    expect(comparison.made.rounds).toBeGreaterThan(3);
    expect(comparison.made).not.toHaveProperty("partial");
    expect(comparison.findings).toMatchObject([{ id: "failed", side: "ws", value: 1 }]);
  });
});

test("a comparison that is stopped does not wait for a way that hangs", async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const target = await createRemoteTarget(await startMute(), signal);
  const sides = ["ws", "sse"] as const;
  const comparing = compare({
    ...{ plan: PLANS.quick, paths: sides.map(pathOf), target, content: CONTENT, signal, tell() {} },
    command: "eitherway compare",
  });
  setTimeout(() => stop.abort(), 100);
  const began = performance.now();
  expect((await comparing).made.partial).toBe("stopped before its plan was done");
  expect(performance.now() - began).toBeLessThan(3_000);
});

test("warm-ups do not take the time of messages that are sent seldom", async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const target = await createLocalTarget();
  ends.push(() => target.close());
  const rates: number[] = [];
  const order: typeof target.order = (channel, kind, trace) => {
    if (trace.messages > 1) rates.push(1_000 / trace.everyMs); // sizes are of one message each
    return target.order(channel, kind, trace);
  };
  await compare({
    ...{ plan: PLANS.quick, paths: [pathOf("ws"), pathOf("ws")], content: CONTENT, signal },
    target: { ...target, order },
    command: "eitherway compare",
    tell: () => stop.abort(), // after the first round
  });
  expect(rates).toEqual([500, 500, 500, 500, 20, 20]);
});
