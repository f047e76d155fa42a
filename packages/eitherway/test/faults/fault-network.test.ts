import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFaultNetwork, createSeededRandom, type FaultNetwork } from "../../src/testing/index.ts";
import { eventually, freePort } from "../node/support.ts";

describe("a healthy fault network", () => {
  test("hands bytes on unchanged, both ways, and ends when an end ends", async () => {
    const { network, client, server } = await connected();
    client.socket.write("to the server");
    await server.has("to the server");
    server.socket.write("to the client");
    await client.has("to the client");
    server.socket.end("bye");
    await client.ended;
    client.socket.end();
    await server.ended;
    expect(client.text()).toBe("to the clientbye");
    await client.closed;
    expect(network.counters).toMatchObject({ opened: 1, refused: 0, cut: 0, bytes: { up: 13, down: 16 } });
  });

  test("counts per connection, oldest first", async () => {
    const { network, client } = await connected();
    const second = await peer(connect(network.port, "127.0.0.1"));
    client.socket.write("12345");
    second.socket.write("123");
    await eventually(() => network.counters.bytes.up === 8);
    expect(network.connections.map(({ bytes }) => bytes.up)).toEqual([5, 3]);
  });

  test("resets a client when the server is not there", async () => {
    const network = await createFaultNetwork({ target: await freePort() });
    onTestFinished(() => network.close());
    const client = await peer(connect(network.port, "127.0.0.1"));
    await client.closed;
    expect(client.errors).toEqual(["ECONNRESET"]);
    expect(network.counters).toMatchObject({ opened: 0, refused: 0, cut: 0 });
  });

  test("close resets what is open and frees the port", async () => {
    const { network, client, server } = await connected();
    await network.close();
    await Promise.all([client.closed, server.closed]);
    expect(client.errors).toEqual(["ECONNRESET"]);
    const late = connect(network.port, "127.0.0.1");
    const [error] = await once(late, "error");
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("cut", () => {
  test("cutAll resets both ends and says how many", async () => {
    const { network, client, server } = await connected();
    expect(network.cutAll()).toBe(1);
    await Promise.all([client.closed, server.closed]);
    expect([client.errors, server.errors]).toEqual([["ECONNRESET"], ["ECONNRESET"]]);
    expect(network.counters.cut).toBe(1);
    expect(network.connections).toEqual([]);
    expect(network.cutAll()).toBe(0);
  });

  test("downwards: exactly so many bytes arrive, from the middle of a write", async () => {
    const { network, client, server } = await connected();
    server.socket.write("before ");
    await client.has("before ");
    network.set({ kind: "cut", direction: "down", afterBytes: 3 });
    server.socket.write("abcdef");
    await Promise.all([client.gone, server.gone]);
    expect(client.text()).toBe("before abc");
    expect(network.counters.cut).toBe(1);
  });

  test("upwards: bytes of the other direction do not count", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "cut", direction: "up", afterBytes: 4 });
    server.socket.write("a long answer");
    await client.has("a long answer");
    client.socket.write("123");
    await server.has("123");
    client.socket.write("456");
    await server.gone;
    expect(server.text()).toBe("1234");
  });

  test("of one connection leaves the others alone", async () => {
    const { network, client, server } = await connected();
    const second = await peer(connect(network.port, "127.0.0.1"));
    await eventually(() => network.connections.length === 2);
    network.connections[1]?.cut();
    await second.closed;
    client.socket.write("still here");
    await server.has("still here");
  });

  test("cutSome picks by the given randomness, the same ones for the same seed", async () => {
    const survivors = async (seed: number): Promise<number[]> => {
      const { network, server } = await connected({ random: createSeededRandom(seed) });
      server.socket.unref();
      for (let count = 2; count <= 12; count++) {
        await peer(connect(network.port, "127.0.0.1"));
        await eventually(() => network.connections.length === count);
      }
      const before = [...network.connections];
      network.cutSome(0.5);
      const kept = network.connections.map((connection) => before.indexOf(connection));
      expect(network.counters.cut).toBe(12 - kept.length);
      return kept;
    };
    const first = await survivors(7);
    expect(await survivors(7)).toEqual(first);
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(12);
  });
});

describe("silence", () => {
  test("half-open: bytes and ends are swallowed both ways, and no later fault revives the connection", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "half-open" });
    client.socket.write("lost");
    server.socket.write("lost too");
    await eventually(() => network.counters.bytes.up === 4 && network.counters.bytes.down === 8);
    network.set({ kind: "none" });
    client.socket.write("still lost");
    await eventually(() => network.counters.bytes.up === 14);
    client.socket.destroy();
    const probe = await peer(connect(network.port, "127.0.0.1"));
    probe.socket.end("probe");
    await eventually(() => network.counters.bytes.up === 19);
    expect([client.text(), server.text(), server.over]).toEqual(["", "", false]);
  });

  test("blackhole: new connections are taken and never answered, open ones go on", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "blackhole" });
    const lost = await peer(connect(network.port, "127.0.0.1"));
    lost.socket.write("anybody?");
    client.socket.write("I am");
    await server.has("I am");
    expect(network.counters).toMatchObject({ opened: 1, refused: 1 });
    expect([lost.over, lost.text()]).toEqual([false, ""]);
  });

  test("refuse: new connections are reset, open ones go on", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "refuse" });
    const refused = watch(connect(network.port, "127.0.0.1"));
    await refused.closed;
    expect(refused.errors).toEqual(["ECONNRESET"]);
    client.socket.write("I am in");
    await server.has("I am in");
    expect(network.counters).toMatchObject({ opened: 1, refused: 1, cut: 0 });
  });
});

describe("time", () => {
  test("link: each way takes at least that long, in order, also when the delay ends", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "link", delayMs: 80 });
    const start = performance.now();
    client.socket.write("ping");
    await server.has("ping");
    expect(performance.now() - start).toBeGreaterThanOrEqual(79);
    server.socket.write("late ");
    await eventually(() => network.counters.bytes.down === 5);
    network.set({ kind: "none" });
    server.socket.write("early");
    await client.has("early");
    expect(client.text()).toBe("late early");
  });

  test("link: what a stall catches arrives at its end, in order, and is counted", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "link", stall: { ms: 60, everyMs: 61 } });
    for (let number = 0; number < 5; number++) server.socket.write(`${number} `);
    await client.has("0 1 2 3 4 ");
    expect(client.text()).toBe("0 1 2 3 4 ");
    expect(network.counters.stalled.down).toBeGreaterThan(0);
    expect(network.counters.longestHeldMs.down).toBeGreaterThan(0);
    expect(network.counters.stalled.up).toBe(0);
  });

  test("link: a thin one takes its time, and the sender feels it", async () => {
    const { network, client, server } = await connected();
    const bytesPerSecond = 400_000;
    network.set({ kind: "link", bytesPerSecond });
    const start = performance.now();
    const large = Buffer.alloc(32 * 1024 * 1024, "x"); // more than kernels hold for a connection
    expect(server.socket.write(large)).toBe(false);
    await eventually(() => client.text().length >= 100_000);
    const seconds = (performance.now() - start) / 1_000;
    expect(client.text().length / seconds).toBeLessThanOrEqual(bytesPerSecond * 1.1);
    expect(server.socket.writableLength).toBeGreaterThan(0);
  });

  test("slow reader: the client gets its rate, and the server feels it", async () => {
    const { network, client, server } = await connected();
    const bytesPerSecond = 400_000;
    network.set({ kind: "slow-reader", bytesPerSecond });
    const start = performance.now();
    const large = Buffer.alloc(32 * 1024 * 1024, "x"); // more than kernels hold for a connection
    expect(server.socket.write(large)).toBe(false);
    await eventually(() => client.text().length >= 100_000);
    const seconds = (performance.now() - start) / 1_000;
    expect(client.text().length / seconds).toBeLessThanOrEqual(bytesPerSecond * 1.2);
    expect(server.socket.writableLength).toBeGreaterThan(0);
    expect(network.counters.bytes.down).toBeLessThan(large.length);
  });

  test("buffering: bytes to the client wait until enough are there, or the server ends", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "buffering", bytes: 10 });
    client.socket.write("up is free");
    await server.has("up is free");
    server.socket.write("12345");
    await eventually(() => network.counters.bytes.down === 5);
    expect(client.text()).toBe("");
    server.socket.write("67890");
    await client.has("1234567890");
    server.socket.write("rest");
    await eventually(() => network.counters.bytes.down === 14);
    expect(client.text()).toBe("1234567890");
    server.socket.end();
    await client.ended;
    expect(client.text()).toBe("1234567890rest");
  });

  test("buffering by time: the first byte waits that long, and what came meanwhile goes with it", async () => {
    const { network, client, server } = await connected();
    network.set({ kind: "buffering", ms: 80 });
    const start = performance.now();
    server.socket.write("12345");
    await eventually(() => network.counters.bytes.down === 5);
    server.socket.write("67890");
    await client.has("1234567890");
    expect(performance.now() - start).toBeGreaterThanOrEqual(79);
    expect(network.counters.longestHeldMs.down).toBeGreaterThanOrEqual(79);
    server.socket.end("rest");
    await client.ended;
    expect(client.text()).toBe("1234567890rest");
  });
});

// --- helpers ---

interface Peer {
  readonly socket: Socket;
  readonly errors: string[];
  readonly over: boolean;
  text(): string;
  has(part: string): Promise<void>;
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;
  /** Ended or closed: which of them a reset right behind data looks like is the kernel's choice. */
  readonly gone: Promise<void>;
}

async function connected(
  options: { random?: () => number } = {},
): Promise<{ network: FaultNetwork; client: Peer; server: Peer }> {
  const accepted: Peer[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => accepted.push(watch(socket)));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => {
    listener.close();
    for (const { socket } of accepted) socket.destroy();
  });
  const network = await createFaultNetwork({ target: (listener.address() as AddressInfo).port, ...options });
  onTestFinished(() => network.close());
  const client = await peer(connect({ port: network.port, host: "127.0.0.1", allowHalfOpen: true }));
  await eventually(() => accepted.length === 1);
  return { network, client, server: accepted[0] as Peer };
}

async function peer(socket: Socket): Promise<Peer> {
  onTestFinished(() => {
    socket.destroy();
  });
  const watched = watch(socket);
  await once(socket, "connect");
  return watched;
}

function watch(socket: Socket): Peer {
  let text = "";
  let over = false;
  const errors: string[] = [];
  const promiseOf = (event: string): Promise<void> =>
    new Promise((resolve) => {
      socket.once(event, () => {
        over = true;
        resolve();
      });
    });
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? ""));
  const [ended, closed] = [promiseOf("end"), promiseOf("close")];
  return {
    socket,
    errors,
    get over() {
      return over;
    },
    text: () => text,
    has: (part) => eventually(() => text.includes(part)),
    ended,
    closed,
    gone: Promise.race([ended, closed]),
  };
}
