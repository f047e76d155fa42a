/** The client by the piece: what is promised holds with none of the parts, and the parts do what they are for. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type CoreClientOptions, choice, createClient, wakeups } from "../../src/client/core.ts";
import type { ClientTransport } from "../../src/client/transport.ts";
import { createWebSocketTransport } from "../../src/client/transports/websocket.ts";
import { type ClientFrame, jsonServerCodec } from "../../src/protocol/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { FakeSocket } from "./fake-network.ts";
import { idOf, outcome, WELCOME } from "./support.ts";

const URL = "http://server/eitherway";
const EPOCH = idOf(0).slice(0, 12);

/** A client over one WebSocket transport, whose servers are the test. */
function open(options: Partial<CoreClientOptions> = {}) {
  const clock = createFakeClock();
  const sockets: FakeSocket[] = [];
  class Socket extends FakeSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const client = createClient({
    url: URL,
    transports: [createWebSocketTransport(() => Socket)],
    clock,
    random: () => 0.5,
    clientId: "c1",
    ...options,
  });
  onTestFinished(() => client.close());

  const newest = (): FakeSocket => sockets.at(-1) as FakeSocket;
  return {
    client,
    clock,
    sockets,
    say: (...frames: Parameters<FakeSocket["say"]>[0][]) => {
      for (const frame of frames) newest().say(frame);
    },
    /** The newest socket opens, and its server says welcome. */
    async accept() {
      await clock.settle();
      newest().onopen?.({});
      newest().say(WELCOME);
      await clock.settle();
    },
    /** Messages of `room`, from this seq on. */
    run(first: number, ...texts: string[]) {
      const messages = texts.map((data, i) => ({
        seq: first + i,
        at: 0,
        event: "message",
        from: undefined,
        payload: { kind: "text", data } as const,
        skipped: 0,
      }));
      const bytes = jsonServerCodec.run({ channel: "room", epoch: EPOCH, messages });
      newest().onmessage?.({ data: new TextDecoder().decode(bytes) });
    },
    cut: () => newest().onclose?.({ code: 1006, reason: "" }),
    /** What the newest socket was sent. */
    sent: () => newest().sent.map((text) => JSON.parse(String(text)) as ClientFrame & { channels: object; k: string }),
    async pass(ms: number) {
      clock.advance(ms);
      await clock.settle();
    },
  };
}

/** Listens to `room` until its subscription is live at 4. */
async function listen(options?: Partial<CoreClientOptions>) {
  const stage = open(options);
  const room = stage.client.channel("room");
  const seen: unknown[] = [];
  const gaps: unknown[] = [];
  room.on("message", (data) => void seen.push(data));
  room.on("gap", ({ why, head }) => void gaps.push(`${why} ${head}`));
  await stage.accept();
  stage.say({ t: "live", channel: "room", id: idOf(4) });
  return { ...stage, room, seen, gaps };
}

describe("a client without parts, over websocket", () => {
  test("resumes after a cut from what it received, and sends again what is unanswered with its key (P2, P3, P5)", async () => {
    const { room, seen, run, cut, pass, accept, sent, sockets, say } = await listen();
    run(5, "a", "b");
    const answer = outcome(room.publish("x"));
    await pass(0);
    expect(sent().map(({ k }) => k)).toContain("c1.1");
    cut();
    await pass(250);
    expect(sockets).toHaveLength(2);
    await accept();
    expect(sent()[0]?.channels).toEqual({ room: idOf(6) });
    expect(sent().map(({ k }) => k)).toContain("c1.1");
    run(6, "b", "c");
    say({ t: "ok", key: "c1.1", id: idOf(8) });
    await pass(0);
    expect(seen).toEqual(["a", "b", "c"]);
    expect(answer.now).toBe(idOf(8));
    expect(room.cursor).toBe(idOf(7));
  });

  test("tells a gap and goes on at its head (P2)", async () => {
    const { client, seen, gaps, say, run } = await listen();
    say({ t: "gap", channel: "room", why: "trimmed", oldest: idOf(8), head: idOf(9) });
    run(10, "after");
    expect(gaps).toEqual([`trimmed ${idOf(9)}`]);
    expect(seen).toEqual(["after"]);
    expect(client.status.gaps).toBe(1);
  });

  test("takes nothing beyond a hole, and asks again from its cursor (P2)", async () => {
    const { client, seen, run, pass, accept, sent } = await listen();
    run(5, "a");
    run(7, "c");
    expect([seen, client.status.holes]).toEqual([["a"], 1]);
    await pass(250);
    await accept();
    expect(sent()[0]?.channels).toEqual({ room: idOf(5) });
    run(6, "b", "c");
    expect(seen).toEqual(["a", "b", "c"]);
  });

  test("finds a link that is half-open by its silence, and any byte is life (P2)", async () => {
    const { sockets, say, pass } = await listen();
    const passInSteps = async (ms: number) => {
      for (let left = ms; left > 0; left -= 500) await pass(500);
    };
    await passInSteps(30_000);
    say({ t: "ping" });
    await passInSteps(37_000);
    expect(sockets).toHaveLength(1);
    await passInSteps(1_000);
    expect(sockets[0]?.closedWith).toBe(1000);
    expect(sockets).toHaveLength(2);
  });

  test("never comes back before the time that the server named (P10)", async () => {
    const { say, pass, sockets } = await listen();
    say({ t: "bye", code: "drain", message: "Draining.", after: 5_000 });
    await pass(5_000);
    expect(sockets).toHaveLength(1);
    await pass(500);
    expect(sockets).toHaveLength(2);
  });

  test("stops at a refusal that coming back does not change, and says so (P11)", async () => {
    const { client, say, pass, sockets } = await listen();
    const errors: unknown[] = [];
    client.on("error", (error) => void errors.push((error as { code?: string }).code));
    say({ t: "bye", code: "bad-version", message: "Too old." });
    await pass(60_000);
    expect([client.status.state, errors, sockets.length]).toEqual(["stopped", ["bad-version"], 1]);
    client.reconnect();
    expect(sockets).toHaveLength(2);
  });

  test("does not send again what the server may have forgotten, and says that nobody knows (P5)", async () => {
    const { room, cut, pass, accept, sent } = await listen();
    const answer = outcome(room.publish("x"));
    await pass(0);
    cut();
    await pass(WELCOME.keyWindow);
    await accept();
    expect(sent().map(({ k }) => k)).not.toContain("c1.1");
    expect(answer.now).toBe("outcome-unknown");
  });

  test("has neither loops nor a timeline", () => {
    const { client } = open();
    expect(Symbol.asyncIterator in client.channel("room")).toBe(false);
    for (const name of ["timeline", "pending", "use"]) expect(client).not.toHaveProperty(name);
    expect(() => client.on("outcome" as "status", () => {})).toThrow(expect.objectContaining({ code: "bad-event" }));
  });

  test("refuses to be one without a transport (P12)", () => {
    const transport = createWebSocketTransport(() => undefined);
    for (const transports of [[], [transport]]) {
      expect(() => createClient({ url: URL, transports })).toThrow(expect.objectContaining({ code: "bad-request" }));
    }
  });
});

describe("a client with parts", () => {
  const refused = (name: "sse" | "poll"): ClientTransport => ({
    ...createWebSocketTransport(() => FakeSocket),
    name,
    open(_to, events) {
      queueMicrotask(() => events.ended({ message: "refused" }));
      return { change: () => true, publish() {}, announce: () => true, close() {} };
    },
  });

  test("goes on with the next transport at once where it has a choice, and after a pause where it has none", async () => {
    const attempts: string[] = [];
    const transports = (["sse", "poll"] as const).map((name) => ({
      ...refused(name),
      open(...args: Parameters<ClientTransport["open"]>) {
        attempts.push(name);
        return refused(name).open(...args);
      },
    }));
    const plain = open({ transports });
    plain.client.channel("room").on("message", () => {});
    await plain.clock.settle();
    expect(attempts.splice(0)).toEqual(["sse"]);
    await plain.pass(250);
    expect(attempts.splice(0)).toEqual(["poll"]);
    const choosing = open({ transports, choice });
    choosing.client.channel("room").on("message", () => {});
    await choosing.clock.settle();
    expect(attempts).toEqual(["sse", "poll"]);
  });

  test("cuts a pause short when the network comes back, where it listens to that", async () => {
    const device = new EventTarget();
    vi.stubGlobal("addEventListener", device.addEventListener.bind(device));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const deaf = await listen();
    const hearing = await listen({ wakeups });
    for (const { cut } of [deaf, hearing]) cut();
    device.dispatchEvent(new Event("online"));
    expect([deaf.sockets.length, hearing.sockets.length]).toEqual([1, 2]);
  });
});
