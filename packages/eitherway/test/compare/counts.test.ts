/** What the instrument says, counted by somebody else. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createChannels, createClientWay } from "../../src/cli/compare/client-way.ts";
import { fillFor, messageOf } from "../../src/cli/compare/content.ts";
import { FIGURES } from "../../src/cli/compare/figure-kinds.ts";
import type { MeasuredServer, Usage } from "../../src/cli/compare/measured-server.ts";
import { PATHS } from "../../src/cli/compare/paths.ts";
import { createWay } from "../../src/cli/compare/rounds.ts";
import { sharedClock } from "../../src/cli/compare/shared-clock.ts";
import { measureSizes } from "../../src/cli/compare/sizes.ts";
import { createTally, median, playRound, type RoundMessage, type RoundPart } from "../../src/instrument/index.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { text } from "../support/websocket-frames.ts";
import { pathOf, putBetween, startTarget } from "./support.ts";

const TRACE = { messages: 40, everyMs: 2, fill: fillFor(120) };
const PLAN = { trace: TRACE, burstMs: 20, patienceMs: 3_000 };
const PARTS: readonly RoundPart[] = ["open", "down", "up", "burst"];

describe.each(PATHS)("over $name", (path) => {
  test("bytes are those that pass a proxy on the way", async () => {
    const target = await startTarget();
    const server = target.server;
    if (!server) throw new Error("the server is ours");
    const network = await createFaultNetwork({ target: path.http === 1 ? server.ports.http1 : server.ports.http2 });
    onTestFinished(() => network.close());
    const seen: (readonly number[])[] = [];
    const channels = createChannels();
    const way = createClientWay({
      createClient: () => path.createClient(`${network.url}/eitherway`),
      channels,
      kind: "json",
      order: (trace) => target.order(channels.down, "json", trace),
    });
    // Equal once what is on its way has arrived: a poll is asked for again as soon as the last one was answered.
    const after = async (): Promise<void> => {
      const told = await vi.waitFor(async () => {
        const { bytesIn, bytesOut } = await server.usage({ collected: false });
        expect({ up: bytesIn, down: bytesOut }).toEqual(network.counters.bytes);
        return [bytesIn, bytesOut];
      });
      seen.push(told);
    };
    await playRound({ ...way, after }, PLAN, sharedClock);
    expect(seen).toHaveLength(PARTS.length);
    const [opened, delivered] = seen;
    expect((delivered?.[1] ?? 0) - (opened?.[1] ?? 0)).toBeGreaterThan(TRACE.messages * 120);
  });
});

test("the bytes of a message are those that a proxy sees, and hold what HTTP adds to it", async () => {
  const target = await startTarget();
  const server = target.server as MeasuredServer;
  const { network, paths } = await putBetween(target, ["ws", "sse", "poll"]);
  const sides = paths.map((path) => ({ id: path.id, name: path.name, path }));
  const seen = async (): Promise<Usage> => {
    const usage = await server.usage({ collected: false });
    return { ...usage, bytesIn: network.counters.bytes.up, bytesOut: network.counters.bytes.down };
  };
  const measure = async (usage: MeasuredServer["usage"]) => {
    const tally = createTally(FIGURES);
    const { signal } = new AbortController();
    const content = { kind: "bytes", bytes: 200, perSecond: 1 } as const;
    await measureSizes({ sides, tally, content, signal, target: { ...target, server: { ...server, usage } } });
    return tally
      .figures(sides)
      .map(({ id, values }) => [id, ...sides.map((side) => values[side.id]?.summary.median ?? Number.NaN)]);
  };
  const [told, counted] = [await measure(server.usage), await measure(seen)];
  expect(told.map(([id]) => id)).toEqual(["bytes.down", "bytes.up"]);
  for (const [row, [id, ...bytes]] of told.entries()) {
    for (const [side, size] of bytes.entries()) {
      // Times and counters in it have more or fewer digits.
      expect(Math.abs(Number(size) - Number(counted[row]?.[side + 1])), `${id}: ${told} ${counted}`).toBeLessThan(8);
      expect(size).toBeGreaterThan(200);
    }
  }
  const [down, up] = told.map(([, ...bytes]) => bytes.map(Number)) as [number[], number[]];
  expect(down[2]).toBeGreaterThan(2 * (down[0] as number)); // a long-poll asks for each message anew
  expect(up[1]).toBeGreaterThan(2 * (up[0] as number)); // a POST, and no frame
});

test("payloads of bytes go as bytes over WebSocket, and as base64 over the others", async () => {
  const target = await startTarget();
  const sides = ["ws", "sse"].map((id) => ({ id, name: id, path: pathOf(id as "ws" | "sse") }));
  const tally = createTally(FIGURES);
  const content = { kind: "bytes", bytes: 30_000, perSecond: 1 } as const;
  await measureSizes({ sides, target, tally, content, signal: new AbortController().signal });
  const figures = tally.figures(sides).map(({ values }) => ["ws", "sse"].map((id) => values[id]?.summary.median ?? 0));
  expect(figures).toHaveLength(2); // down and up
  for (const [bytes = 0, base64 = 0] of figures) {
    expect(bytes).toBeLessThan(31_000);
    expect(base64).toBeGreaterThan(40_000);
  }
});

describe.runIf(process.platform === "linux")("CPU time", () => {
  test("is what the system accounts to the server's process", async () => {
    const target = await startTarget();
    const { server } = target;
    if (!server) throw new Error("the server is ours");
    const before = { told: (await server.usage({ collected: false })).cpuMicros, system: systemMicros(server.pid) };
    await server.send({ channel: "busy", kind: "json", trace: { messages: 20_000, everyMs: 0.02, fill: "" } });
    const told = (await server.usage({ collected: false })).cpuMicros - before.told;
    const system = systemMicros(server.pid) - before.system;
    expect(told).toBeGreaterThan(10 * TICK_MICROS);
    expect(Math.abs(told - system)).toBeLessThan(3 * TICK_MICROS + 0.05 * told);
  });
});

const TICK_MICROS = 10_000; // USER_HZ is 100 wherever Node runs

/** User and system time: fields 14 and 15 of proc(5), counted behind the name, which may have anything in it. */
function systemMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

describe("delays", () => {
  test("are those of a client that knows sockets alone", { timeout: 60_000 }, async () => {
    const target = await startTarget({ fault: { kind: "link", delayMs: 20 } });
    const told: number[] = [];
    const raw: number[] = [];
    for (let round = 0; round < 6; round++) {
      const way = createWay(pathOf("ws"), target, "json");
      told.push(median((await playRound(way, PLAN, sharedClock)).deliveryMs));
      raw.push(
        median(await rawDelays(target.urlOf(pathOf("ws")), `raw/${round}`, (c) => target.order(c, "json", TRACE))),
      );
    }
    expect(median(raw)).toBeGreaterThanOrEqual(20);
    expect(Math.abs(median(told) / median(raw) - 1)).toBeLessThan(0.1);
  });
});

/** A WebSocket by hand: a handshake, a hello, and whatever JSON is in the frames that come. */
async function rawDelays(url: string, channel: string, order: (channel: string) => Promise<void>): Promise<number[]> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const delays: number[] = [];
  let received = "";
  let isLive = (): void => {};
  let isWhole = (): void => {};
  const live = new Promise<void>((resolve) => {
    isLive = resolve;
  });
  const whole = new Promise<void>((resolve) => {
    isWhole = resolve;
  });
  socket.on("data", (bytes: Buffer) => {
    const now = sharedClock.now();
    received += bytes.toString("latin1");
    if (received.includes('"t":"live"')) isLive();
    for (let found = ENTRY.exec(received); found; found = ENTRY.exec(received)) {
      received = received.slice(found.index + found[0].length);
      delays.push(now - messageOf(JSON.parse(found[0]) as RoundMessage).at);
    }
    if (delays.length === TRACE.messages) isWhole();
  });
  const key = Buffer.from("sixteen bytes ok").toString("base64");
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: eitherway.v1.json\r\n\r\n`,
  );
  socket.write(text(JSON.stringify({ t: "hello", v: 1, client: "raw", channels: { [channel]: "now" } })));
  await live;
  await order(channel);
  await whole;
  socket.destroy();
  return delays;
}

const ENTRY = /\{"part":"down"[^}]*\}/;
