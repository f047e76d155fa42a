/** The doctor where things go wrong in ways that no setting explains: it says what it saw, in time, and blames nobody else. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type Examination, examine } from "../../src/cli/doctor/examine.ts";
import { examineEvents } from "../../src/cli/doctor/generic.ts";
import {
  type Certificate,
  createSelfSignedCertificate,
  eitherway,
  type NodeEitherwayOptions,
} from "../../src/node/index.ts";
import { createFaultNetwork, type Fault, type LinkShape } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

const PING_MS = 60_000; // longer than any silence here
const AT_MOST_MS = 15_000; // where each of three steps waits its 5 s

// Tests run side by side, since the doctor waits most of the time: what they started ends after all of them.
const ends: (() => unknown)[] = [];

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

interface LookOptions {
  readonly idleSeconds?: number;
  readonly deepSeconds?: number;
  readonly signal?: AbortSignal;
  tell?(what: string): void;
}

async function look(url: string, options: LookOptions = {}) {
  const signal = new AbortController().signal;
  const { findings, ...rest }: Examination = await examine({
    ...{ url: new URL(url), idleSeconds: 0, deepSeconds: 0, signal, tell() {} },
    ...options,
  });
  return { ...rest, findings, ids: findings.map(({ id }) => id) };
}

async function serveOurs(options: NodeEitherwayOptions = {}, tls?: Certificate): Promise<number> {
  const server = eitherway({ logger: witnessed(), pingMs: PING_MS, ...options });
  ends.push(() => server.close());
  return (await server.listen({ port: 0, tls })).port;
}

async function serve(listener: RequestListener): Promise<{ readonly server: Server; readonly host: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A server behind a hop that is well until the doctor tells of that step. */
async function behind(fault: Fault, step = "publishing") {
  const network = await createFaultNetwork({ target: await serveOurs() });
  ends.push(() => network.close());
  return look(network.url, {
    tell(what) {
      if (what.startsWith(step)) network.set(fault);
    },
  });
}

describe.concurrent("doctor", () => {
  test("does not wait for the end of a refusal that never ends", async () => {
    const { server, host } = await serve((_, response) => response.writeHead(426).end());
    server.on("upgrade", (_, socket) => {
      socket.on("error", () => {});
      socket.write("HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n");
      const trickle = setInterval(() => socket.write("1\r\nx\r\n"), 100);
      socket.on("close", () => clearInterval(trickle));
    });
    const began = performance.now();
    const evidence = "The answer was 403.";
    expect(await look(`ws://${host}`)).toMatchObject({ findings: [{ id: "upgrade-refused", evidence }] });
    expect(performance.now() - began).toBeLessThan(AT_MOST_MS);
  });

  test("says where it is sent to", async () => {
    const { host } = await serve((_, response) => response.writeHead(301, { location: "https://a.example/" }).end());
    await expect(look(`http://${host}`)).rejects.toThrow(/it redirects, so give https:\/\/a\.example\/\.$/);
    const { findings } = await look(`ws://${host}`);
    expect(findings[0]?.evidence).toBe(
      "The answer was 301, a redirect to https://a.example/, which browsers do not follow.",
    );
  });

  test("says that nothing is answered, and tries a WebSocket all the same", async () => {
    const { host } = await serve(() => {});
    await expect(look(`http://${host}`)).rejects.toThrow(/took the connection and answered nothing in 5 s/);
    expect((await look(`ws://${host}`)).ids).toEqual(["upgrade-refused"]);
  });

  test("says that there is no TLS, instead of OpenSSL's words", async () => {
    const { host } = await serve((_, response) => response.end());
    await expect(look(`https://${host}`)).rejects.toThrow(/no TLS is spoken there; try http: or ws:\.$/);
  });

  test("says that there is no HTTP", async () => {
    const server = createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-x\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ends.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    await expect(look(`http://127.0.0.1:${port}`)).rejects.toThrow(/Nothing answers at .*Parse Error/);
  });

  test("blames the server for what the server itself refuses", async () => {
    const { ids, findings } = await look(`http://127.0.0.1:${await serveOurs({ limits: { links: 2 } })}`);
    expect(ids).toEqual(["server-refuses"]);
    expect(findings[0]?.title).toContain("too-many-links");
    expect(findings[0]?.mends).toMatchObject([{ for: "eitherway", setting: expect.stringMatching(/^--limit /) }]);
  });

  test("says that it has no token where one is asked for, and takes that for no silence that was cut", async () => {
    const url = `http://127.0.0.1:${await serveOurs({ auth: () => null })}`;
    const { ids, findings, survival } = await look(url, { deepSeconds: 15 });
    expect({ ids, survival }).toEqual({ ids: ["server-refuses"], survival: [] });
    expect(findings[0]).toMatchObject({ breaks: expect.stringContaining("It shows no token"), mends: [] });
  });

  test("does not blame HTTP/2 for what the server refuses over HTTP/1.1 as well", async () => {
    const port = await serveOurs({ auth: () => null }, await createSelfSignedCertificate());
    expect((await look(`https://127.0.0.1:${port}`)).ids).toEqual(["server-refuses", "untrusted-certificate"]);
  });

  test("answers pings, so that the server does not send it away", async () => {
    const url = `http://127.0.0.1:${await serveOurs({ pingMs: 300 })}`;
    expect((await look(url, { idleSeconds: 3 })).ids).toEqual([]);
  });

  test("does not take its own end for that of a silent request", async () => {
    const stop = new AbortController();
    const looking = look(`http://127.0.0.1:${await serveOurs()}`, { deepSeconds: 20, signal: stop.signal });
    setTimeout(() => stop.abort(), 1_000);
    expect(await looking).toMatchObject({ ids: [], survival: [], partial: expect.any(String) });
  });

  test("says of servers of others too that browsers do not trust their certificate", async () => {
    const { cert, key } = await createSelfSignedCertificate();
    const server = createTlsServer({ cert, key }, (_, response) => {
      const headers = { "cache-control": "no-cache", "x-accel-buffering": "no" };
      response.writeHead(200, { "content-type": "text/event-stream", ...headers }).write("id: 1\ndata: hi\n\n");
    });
    const sockets = new WebSocketServer({ server });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ends.push(() => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
    });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const looks = await Promise.all([look(`https://${host}`), look(`wss://${host}`)]);
    const evidence = expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT");
    const found = [{ id: "untrusted-certificate", severity: "note", evidence }];
    expect(looks).toMatchObject([
      { what: "event-stream", findings: found },
      { what: "websocket", findings: found },
    ]);
  });

  test("listens for less where finding out what is there took long, and says for how long it did", async () => {
    const { host } = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    });
    const { signal } = new AbortController();
    const url = new URL(`http://${host}`);
    const { seen } = await examineEvents({ url, idleSeconds: 25, deadline: performance.now(), signal, tell() {} });
    expect(seen).toContain("No event came in 0.0 s.");
  });

  test("finds nothing wrong with a way that is long, thin or stalls", async () => {
    const links: readonly LinkShape[] = [
      { delayMs: 150, jitterMs: 80 },
      { delayMs: 50, bytesPerSecond: 20_000 },
      { delayMs: 300, stall: { ms: 250, everyMs: 2_000 } }, // a packet that is lost now and then
    ];
    const looks = await Promise.all(links.map((link) => behind({ kind: "link", ...link }, "opening")));
    expect(looks.map(({ ids }) => ids)).toEqual([[], [], []]);
  });

  test("says once that nothing can be published, whatever its size", async () => {
    expect((await behind({ kind: "refuse" })).ids).toEqual(["publish-refused"]);
  });

  test("tells a hop that waits for bytes from one that waits for a time", async () => {
    const [bytes, time] = await Promise.all([
      behind({ kind: "buffering", bytes: 2_500 }),
      behind({ kind: "buffering", ms: 500 }),
    ]);
    expect(bytes.findings.find(({ id }) => id === "buffering")?.evidence).toMatch(/about [0-9.]+ kB at a time/);
    expect(time.findings.find(({ id }) => id === "buffering")?.evidence).toMatch(/about every [0-9.]+ s/);
  });

  test("tells connections that end while they are busy from silent ones", async () => {
    const { findings } = await behind({ kind: "cut", direction: "down", afterBytes: 5_000 });
    expect(findings).toMatchObject([{ id: "lifetime-cut", severity: "fault" }]);
  });
});
